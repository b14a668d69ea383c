// The schema of a configuration, built from the table of options and the list of hooks: zod walks
// the structure and collects every problem, readers.ts reads the values. Objects are strict, since
// a misspelt key that is ignored is a setting that silently does not hold.
import { resolve } from 'node:path';
import { z } from 'zod';
import { hooks } from '../api/hooks.js';
import { listenOptions, metricsOptions, remoteControlOptions } from '../api/option-groups.js';
import type { Group, Kind, Option, Options, Scalar, Scalars } from '../api/option-kinds.js';
import { options } from '../api/options.js';
import { messageOf } from '../base/error-text.js';
import { readRange } from '../base/version-range.js';
import { readEndpoint } from './address.js';
import type { KnownKeys } from './problems.js';
import {
  readAccount,
  readBytes,
  readDurationFrom,
  readFlag,
  readInteger,
  readReforkAfter,
  readSocketPath,
  readText,
  readToken,
  readUrlPath,
  readWord,
  readWorkers,
  unexpected,
  type Reader,
} from './readers.js';
import type {
  Address,
  ParsedConfig,
  RemoteControl,
  SettingsOf,
  Shaped,
  TcpEndpoint,
  Values,
} from './settings.js';

type Readers = {
  readonly [Name in keyof Scalars]: (kind: Scalar<Name>, directory: string) => Reader<Values[Name]>;
};

const readers: Readers = {
  account: () => readAccount,
  address: (_kind, directory) => (input) =>
    readEndpoint(input, { directory, defaultHost: '0.0.0.0' }),
  bytes: () => readBytes,
  count: ({ from = 0, to = Number.MAX_SAFE_INTEGER, expected = 'a number' }) =>
    readInteger({ from, to, expected }),
  duration: ({ from = 0 }) => readDurationFrom(from),
  flag: () => readFlag,
  path:
    ({ expected = 'a path' }, directory) =>
    (input) =>
      resolve(directory, readText(expected)(input)),
  permissions: () => readInteger({ from: 0, to: 0o777, expected: 'permission bits such as 0o660' }),
  socketPath: (_kind, directory) => (input) => readSocketPath(input, directory),
  tcpAddress: (_kind, directory) => (input) => readTcpAddress(input, directory),
  text: ({ expected = 'a text' }) => readText(expected),
  thresholds: () => readReforkAfter,
  token: () => readToken,
  urlPath: () => readUrlPath,
  versionRange: () => (input) => readRange(readText('a range of versions')(input)),
  workers: () => readWorkers,
};

export function readerOf<Name extends keyof Scalars>(
  kind: Scalar<Name>,
  directory: string,
): Reader<Values[Name]> {
  return readers[kind.kind](kind, directory);
}

/** For listeners that do not serve the app: on loopback by default. */
function readTcpAddress(input: unknown, directory: string): TcpEndpoint {
  const endpoint = readEndpoint(input, { directory, defaultHost: '127.0.0.1' });
  if (endpoint.kind === 'unix') throw unexpected('a port or "host:port"', input);
  return endpoint;
}

/** Relative paths are resolved against `directory`. */
export function configSchema(directory: string): z.ZodType<ParsedConfig> {
  const fields: Record<string, z.ZodType> = {
    ...shapeOf(options, directory),
    ...shaped(directory),
    ...hookShape(),
  };
  return z.strictObject(fields).transform((parsed) => {
    const hookLists = Object.fromEntries(hookNames.map((name) => [name, parsed[name]]));
    return { ...renamed(options, parsed), hooks: hookLists } as ParsedConfig;
  });
}

const hookNames = Object.keys(hooks);

/** The keys of each object, for suggestions. */
export const knownKeys: KnownKeys = {
  '': [...Object.keys(options), ...hookNames],
  ...memberNames(options),
};

function memberNames(table: Options): Record<string, readonly string[]> {
  const found: Record<string, readonly string[]> = {};
  for (const [name, { kind }] of Object.entries(table)) {
    const members = groupIn(kind)?.members;
    if (members) Object.assign(found, { [name]: Object.keys(members) }, memberNames(members));
  }
  return found;
}

/** The group that a kind consists of, or a list of it. */
export function groupIn(kind: Kind): Group | null {
  if (kind.kind === 'group') return kind;
  return 'of' in kind ? groupIn(kind.of) : null;
}

/** One schema per option, with its default. */
function shapeOf(table: Options, directory: string): Record<string, z.ZodType> {
  const entries = Object.entries(table);
  return Object.fromEntries(
    entries.map(([name, option]) => [name, optionSchema(option, directory)]),
  );
}

function optionSchema(option: Option, directory: string): z.ZodType {
  const { kind, default: preset, missing } = option;
  const schema = kindSchema(kind, directory, missing);
  if (preset === null) return schema.optional().transform((found: unknown) => found ?? null);
  return preset === undefined ? schema : schema.prefault(preset);
}

function kindSchema(kind: Kind, directory: string, missing?: string): z.ZodType {
  const read = leafReader(kind, directory);
  if (read) return value(missing === undefined ? read : demand(missing, read));
  switch (kind.kind) {
    case 'orFalse':
      return z.union([z.literal(false), kindSchema(kind.of, directory)]);
    case 'list':
      return z.array(kindSchema(kind.of, directory));
    case 'oneOrMore':
      return oneOrMore(kindSchema(kind.of, directory), kind.noun);
    case 'group':
      return withShorthand(kind.shorthand, groupSchema(kind.members, directory));
    default:
      throw new Error(`a leaf without a reader: ${kind.kind}`);
  }
}

/** null for a kind that has parts. */
export function leafReader(kind: Kind, directory: string): Reader<unknown> | null {
  switch (kind.kind) {
    case 'oneOf':
      return readWord(kind.values);
    case 'orFalse': {
      const read = leafReader(kind.of, directory);
      return read && ((input) => (input === false ? false : read(input)));
    }
    case 'list':
    case 'oneOrMore':
    case 'group':
      return null;
    default:
      return readerOf(kind, directory);
  }
}

const demand =
  (missing: string, read: Reader<unknown>): Reader<unknown> =>
  (input) => {
    if (input === undefined) throw new Error(missing);
    return read(input);
  };

/** A leaf of the schema: what the reader throws is the problem's text. */
function value<T>(read: Reader<T>) {
  return z.unknown().transform((input, context): T => {
    try {
      return read(input);
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error) });
      return z.NEVER;
    }
  });
}

function oneOrMore<T>(item: z.ZodType<T>, noun: string) {
  return z.preprocess(
    (input) => (Array.isArray(input) ? (input as unknown[]) : [input]),
    z.array(item).min(1, `expected at least one ${noun}, got an empty list`),
  );
}

/** A value that is not an object stands for one of the members. */
function withShorthand<T>(member: string | null, schema: z.ZodType<T>) {
  if (member === null) return schema;
  return z.preprocess((input) => (isPlain(input) ? input : { [member]: input }), schema);
}

/** The readers return the types of the table: `Readers` holds the leaves to it. */
function groupSchema<Table extends Options>(table: Table, directory: string) {
  return z
    .strictObject(shapeOf(table, directory))
    .transform((parsed) => renamed(table, parsed) as SettingsOf<Table>);
}

/** With the unit at the end of each name. */
function renamed(table: Options, parsed: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(table).map(([name, { kind }]) => [`${name}${suffix(kind)}`, parsed[name]]),
  );
}

function suffix(kind: Kind): string {
  if (kind.kind === 'orFalse') return suffix(kind.of);
  return kind.kind === 'duration' ? 'Ms' : kind.kind === 'bytes' ? 'Bytes' : '';
}

/** The options whose settings have a shape of their own. */
function shaped(directory: string) {
  const address = groupSchema(givenAddress, directory).transform(toAddress);
  const metrics = groupSchema(metricsOptions, directory).transform(toMetrics);
  const remoteControl = groupSchema(remoteControlOptions, directory).transform(toRemoteControl);
  return {
    listen: oneOrMore(withShorthand('address', address), 'address').prefault(
      options.listen.default,
    ),
    metrics: z.union([z.literal(false), metrics]).prefault(options.metrics.default),
    remoteControl: remoteControl.optional().transform((found) => found ?? null),
  } satisfies { readonly [Name in keyof Shaped]: z.ZodType<Shaped[Name]> };
}

/** Without its default, so that an option that does not apply is noticed. */
const given = <Of extends Kind>(option: Option<Of>): Option<Of, null> => ({
  ...option,
  default: null,
});

const givenAddress = {
  ...listenOptions,
  queues: given(listenOptions.queues),
  mode: given(listenOptions.mode),
  ipv6Only: given(listenOptions.ipv6Only),
};

function toAddress(fields: SettingsOf<typeof givenAddress>, context: z.RefinementCtx): Address {
  const { address, backlog, queues, mode, ipv6Only } = fields;
  const isUnix = address.kind === 'unix';
  for (const [key, foreign] of Object.entries(isUnix ? { queues, ipv6Only } : { mode }))
    if (foreign !== null)
      context.addIssue({
        code: 'custom',
        path: [key],
        message: `does not apply to a ${isUnix ? 'unix socket' : 'TCP address'}`,
      });
  return address.kind === 'unix'
    ? { ...address, backlog, mode: mode ?? listenOptions.mode.default }
    : {
        ...address,
        backlog,
        queues: queues ?? listenOptions.queues.default,
        ipv6Only: ipv6Only ?? listenOptions.ipv6Only.default,
      };
}

function toMetrics({ listen: { host, port }, path }: SettingsOf<typeof metricsOptions>) {
  return { host, port, path };
}

function toRemoteControl(
  { listen: { host, port }, token, tokenFile }: SettingsOf<typeof remoteControlOptions>,
  context: z.RefinementCtx,
): RemoteControl {
  if (token !== null && tokenFile !== null)
    context.addIssue({ code: 'custom', message: 'either `token` or `tokenFile`, not both' });
  return { host, port, token, tokenFile };
}

function hookShape(): Record<string, z.ZodType> {
  return Object.fromEntries(hookNames.map((name) => [name, value(readHooks).prefault([])]));
}

function readHooks(input: unknown): unknown[] {
  const list: unknown[] = Array.isArray(input) ? input : [input];
  const other = list.find((item) => typeof item !== 'function');
  if (list.some((item) => typeof item !== 'function'))
    throw unexpected('a function or a list of functions', other);
  return list;
}

function isPlain(input: unknown): boolean {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}
