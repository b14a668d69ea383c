// What the command line and the environment say over the configuration, as plain JSON: computed
// once, by the command, and passed on to the process that boots the app, so that both see the same
// settings.
import { messageOf } from '../base/error-text.js';
import { resolve } from 'node:path';
import { formatEndpoint, isPort, readEndpoint } from './address.js';
import { UserError } from '../base/user-error.js';
import {
  readLogLevel,
  readReforkAfter,
  readSocketPath,
  readWorkers,
  unexpected,
  type Reader,
} from './readers.js';
import type { Settings } from './settings.js';

export interface Overrides {
  listen?: string[];
  /**
   * Replaces the port of the first TCP address. From the environment, it is ignored where there is
   * none.
   */
  port?: { number: number; required: boolean };
  workers?: number;
  reforkAfter?: (number | false)[];
  control?: string;
  logLevel?: Settings['log']['level'];
}

/** The options of the command line, as text. */
export interface OptionTexts {
  listen?: readonly string[] | undefined;
  port?: string | undefined;
  workers?: string | undefined;
  reforkAfter?: string | undefined;
  control?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws a ConfigError that names the option or the variable. */
export function readOverrides(
  options: OptionTexts,
  environment: Environment,
  directory: string,
): Overrides {
  const variable = (name: string): string | undefined => environment[name]?.trim() || undefined;
  const overrides: Overrides = {};

  const workers =
    named('--workers', options.workers, readWorkersText) ??
    named('PITCHFORK_WORKERS', variable('PITCHFORK_WORKERS'), readWorkersText) ??
    named('WEB_CONCURRENCY', variable('WEB_CONCURRENCY'), readWorkersText);
  if (workers !== undefined) overrides.workers = workers;

  const reforkAfter =
    named('--refork-after', options.reforkAfter, readReforkAfterText) ??
    named('PITCHFORK_REFORK_AFTER', variable('PITCHFORK_REFORK_AFTER'), readReforkAfterText);
  if (reforkAfter !== undefined) overrides.reforkAfter = reforkAfter;

  const readControl = (text: string) => readSocketPath(text, directory);
  const control =
    named('--control', options.control, readControl) ??
    named('PITCHFORK_CONTROL', variable('PITCHFORK_CONTROL'), readControl);
  if (control !== undefined) overrides.control = control;

  const logLevel = named('PITCHFORK_LOG_LEVEL', variable('PITCHFORK_LOG_LEVEL'), readLogLevel);
  if (logLevel !== undefined) overrides.logLevel = logLevel;

  return { ...overrides, ...readListening(options, variable, directory) };
}

/** Addresses beat ports of the same origin, and the command line beats the environment. */
function readListening(
  options: OptionTexts,
  variable: (name: string) => string | undefined,
  directory: string,
): Pick<Overrides, 'listen' | 'port'> {
  const readAddresses = (texts: readonly string[]) =>
    texts.map((text) => readAddress(text, directory));
  if (options.listen !== undefined) {
    if (options.port !== undefined)
      throw new UserError('--port: cannot be combined with --listen: name the port there');
    return { listen: named('--listen', options.listen, readAddresses) };
  }
  const listen = named(
    'PITCHFORK_LISTEN',
    variable('PITCHFORK_LISTEN')
      ?.split(',')
      .map((text) => text.trim()),
    readAddresses,
  );
  const given = named('--port', options.port, readPort);
  if (given !== undefined)
    return { ...(listen && { listen }), port: { number: given, required: true } };
  if (listen !== undefined) return { listen };
  const port = named('PORT', variable('PORT'), readPort);
  return port === undefined ? {} : { port: { number: port, required: false } };
}

function named<Input, T>(
  name: string,
  input: Input | undefined,
  read: (input: Input) => T,
): T | undefined {
  if (input === undefined) return undefined;
  try {
    return read(input);
  } catch (error) {
    throw new UserError(`${name}: ${messageOf(error)}`);
  }
}

const readWorkersText: Reader<number> = (text) => readWorkers(numeric(text));

function readReforkAfterText(text: string): (number | false)[] {
  return readReforkAfter(
    text.split(',').map((item) => (item.trim() === 'false' ? false : numeric(item.trim()))),
  );
}

function readPort(text: string): number {
  const port = numeric(text);
  if (typeof port !== 'number' || !isPort(port)) throw unexpected('a port from 0 to 65535', text);
  return port;
}

/** Paths are made absolute here, since the configuration may be in another directory. */
function readAddress(text: string, directory: string): string {
  return formatEndpoint(
    readEndpoint(text, { directory: resolve(directory), defaultHost: '0.0.0.0' }),
  );
}

/** A text of digits as a number; any other text as it is, for the message that rejects it. */
function numeric(text: unknown): unknown {
  return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : text;
}
