// Values from the command line and the environment that replace those of the configuration, as
// plain JSON: read once, by the command, and passed on to the process that boots the app, so that
// both see the same settings.
import { resolve } from 'node:path';
import type { Config } from '../api/config.js';
import { port, options } from '../api/options.js';
import type { Kind, Options, Sources } from '../api/option-kinds.js';
import { messageOf } from '../base/error-text.js';
import { UserError } from '../base/user-error.js';
import { formatEndpoint, isPort } from './address.js';
import { unexpected } from './readers.js';
import { leafReader } from './schema.js';
import type { Endpoint } from './settings.js';

/** A part of a configuration, and a port. */
export interface Overrides extends Partial<Config> {
  /**
   * Replaces the port of the first TCP address. From the environment, it is ignored where there is
   * none.
   */
  port?: { number: number; required: boolean };
}

/** The options of the command line, as text, by the names of their flags. */
export type OptionTexts = Readonly<Record<string, string | readonly string[] | undefined>>;

type Environment = Readonly<Record<string, string | undefined>>;

/** A text, and the flag or variable that it comes from. */
interface Given {
  readonly from: string;
  readonly text: string | readonly string[];
}

/** Throws a UserError that names the option or the variable. */
export function readOverrides(
  texts: OptionTexts,
  environment: Environment,
  directory: string,
): Overrides {
  const sought = { texts, environment };
  return { ...readTable(options, sought, directory), ...readPortOverride(sought) };
}

interface Sought {
  readonly texts: OptionTexts;
  readonly environment: Environment;
}

function readTable(table: Options, sought: Sought, directory: string): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) {
    const given = fromFlag(option, sought) ?? fromVariables(option, sought);
    if (given) found[name] = read(given, (text) => readText(option.kind, text, directory));
    else if (option.kind.kind === 'group') {
      const members = readTable(option.kind.members, sought, directory);
      if (Object.keys(members).length > 0) found[name] = members;
    }
  }
  return found;
}

function fromFlag({ flag }: Sources, { texts }: Sought): Given | undefined {
  const text = flag && texts[flag.name];
  return text === undefined ? undefined : { from: `--${flag?.name}`, text };
}

/** Blank variables count as absent. */
function fromVariables({ variables = [] }: Sources, { environment }: Sought): Given | undefined {
  for (const from of variables) {
    const text = environment[from]?.trim();
    if (text) return { from, text };
  }
  return undefined;
}

/** Addresses beat ports of the same origin, and the command line beats the environment. */
function readPortOverride(sought: Sought): Pick<Overrides, 'port'> {
  const flag = fromFlag(port, sought);
  const addresses = fromFlag(options.listen, sought);
  if (flag && addresses)
    throw new UserError('--port: cannot be combined with --listen: name the port there');
  if (flag) return { port: { number: read(flag, readPort), required: true } };
  const variable = fromVariables(port, sought);
  if (!variable || addresses || fromVariables(options.listen, sought)) return {};
  return { port: { number: read(variable, readPort), required: false } };
}

function read<T>({ from, text }: Given, reader: (text: Given['text']) => T): T {
  try {
    return reader(text);
  } catch (error) {
    throw new UserError(`${from}: ${messageOf(error)}`);
  }
}

/**
 * The value as a configuration would have it. Paths are made absolute here, since the configuration
 * may be in another directory.
 */
function readText(kind: Kind, text: Given['text'], directory: string): unknown {
  if (kind.kind !== 'oneOrMore' && kind.kind !== 'list')
    return readItem(kind, String(text), directory);
  const items = typeof text === 'string' ? text.split(',') : text;
  return items.map((item) => readItem(kind.of, item.trim(), directory));
}

function readItem(kind: Kind, text: string, directory: string): unknown {
  if (kind.kind === 'group') {
    const member = kind.members[kind.shorthand ?? ''];
    if (member) return readItem(member.kind, text, directory);
  }
  const value = leafReader(kind, resolve(directory))?.(fromText(kind, text));
  return isEndpoint(value) ? formatEndpoint(value) : value;
}

/** Kinds that a configuration may give as a number. */
const numericKinds: ReadonlySet<string> = new Set([
  'account',
  'bytes',
  'count',
  'duration',
  'workers',
]);

function fromText(kind: Kind, text: string): unknown {
  if (kind.kind === 'orFalse') return text === 'false' ? false : fromText(kind.of, text);
  if (kind.kind === 'thresholds') return text.split(',').map((item) => threshold(item.trim()));
  if (kind.kind === 'flag') return text === 'true' || (text === 'false' ? false : text);
  return numericKinds.has(kind.kind) ? numeric(text) : text;
}

const threshold = (text: string): unknown => (text === 'false' ? false : numeric(text));

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

function readPort(text: Given['text']): number {
  const number = numeric(String(text));
  if (typeof number !== 'number' || !isPort(number))
    throw unexpected('a port from 0 to 65535', text);
  return number;
}

/** A text of digits as a number; any other text as it is, for the message that rejects it. */
function numeric(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : text;
}
