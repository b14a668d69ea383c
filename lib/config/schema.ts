// What a configuration may say, and the defaults: zod walks the structure and collects every
// problem, readers.ts reads the values. Objects are strict, since a misspelt key that is ignored is
// a setting that silently does not hold.
import { messageOf } from '../base/error-text.js';
import { resolve } from 'node:path';
import { z } from 'zod';
import { readRange } from '../base/version-range.js';
import { readEndpoint } from './address.js';
import type { Config } from '../api/config.js';
import type { HookLists, HookName } from '../api/hooks.js';
import {
  readAccount,
  readBytes,
  readDuration,
  readDurationFrom,
  readInteger,
  readLogLevel,
  readPositiveDuration,
  readReforkAfter,
  readSocketPath,
  readText,
  readToken,
  readWord,
  readWorkers,
  unexpected,
  type Reader,
} from './readers.js';
import type { Address } from './settings.js';

export type ParsedConfig = z.output<ReturnType<typeof configSchema>>;

const positiveInteger = readInteger({
  from: 1,
  to: Number.MAX_SAFE_INTEGER,
  expected: 'a positive integer',
});

/** Relative paths are resolved against `directory`. */
export function configSchema(directory: string) {
  return z.strictObject({
    app: value((app) => resolve(directory, readApp(app))),
    engine: value(readWord('node', 'uws')).prefault('node'),
    listen: addressList(directory).prefault('0.0.0.0:8080'),
    workers: value(readWorkers).prefault('auto'),
    reforkAfter: value(readReforkAfter).prefault([]),
    refork: z
      .strictObject({
        drainTimeout: value(readDuration).prefault('10s'),
        backoff: value(readDuration).prefault('10s'),
        canary: value(readDuration).prefault('1s'),
        maxUnavailable: value(positiveInteger).prefault(1),
      })
      .prefault({}),
    spawnTimeout: value(readPositiveDuration).prefault('30s'),
    heartbeatTimeout: value(readPositiveDuration).prefault('15s'),
    requestTimeout: value(readRequestTimeout).prefault(false),
    cleanupTimeout: value(readDurationFrom(2)).prefault('5s'),
    timeoutSignal: value(readWord('SIGKILL', 'SIGABRT')).prefault('SIGKILL'),
    shutdownTimeout: value(readDuration).prefault('30s'),
    shutdownDelay: value(readDuration).prefault(0),
    keepAliveTimeout: value(readPositiveDuration).prefault('65s'),
    maxConsecutiveSpawnErrors: value(readCountOrFalse).prefault(10),
    maxWorkerMemory: value(readBytes).optional(),
    outOfBandGc: value(readCountOrFalse).prefault(false),
    nodeOptions: z.array(value(readText('an option of node'))).prefault([]),
    metrics: metrics(directory).prefault({}),
    control: value((path) => readSocketPath(path, directory)).optional(),
    remoteControl: remoteControl(directory).optional(),
    user: value(readAccount).optional(),
    group: value(readAccount).optional(),
    setpgid: value(readFlag).prefault(true),
    pidfile: value((path) => resolve(directory, readText('a path')(path))).optional(),
    log: z
      .strictObject({
        level: value(readLogLevel).prefault('info'),
        format: value(readWord('auto', 'json', 'pretty')).prefault('auto'),
        file: value((path) => resolve(directory, readText('a path')(path))).optional(),
      })
      .prefault({}),
    incompatibleModules: incompatibleModules().prefault({}),
    warmup: hookList<'warmup'>(),
    afterMonitorReady: hookList<'afterMonitorReady'>(),
    afterBooted: hookList<'afterBooted'>(),
    beforeRestart: hookList<'beforeRestart'>(),
    afterStopped: hookList<'afterStopped'>(),
    beforeFork: hookList<'beforeFork'>(),
    afterFork: hookList<'afterFork'>(),
    afterMoldFork: hookList<'afterMoldFork'>(),
    afterWorkerFork: hookList<'afterWorkerFork'>(),
    afterWorkerReady: hookList<'afterWorkerReady'>(),
    beforeWorkerExit: hookList<'beforeWorkerExit'>(),
    afterRequestComplete: hookList<'afterRequestComplete'>(),
    afterWorkerTimeout: hookList<'afterWorkerTimeout'>(),
    beforeServiceWorkerReady: hookList<'beforeServiceWorkerReady'>(),
    beforeServiceWorkerExit: hookList<'beforeServiceWorkerExit'>(),
    afterWorkerHardTimeout: hookList<'afterWorkerHardTimeout'>(),
    afterWorkerExit: hookList<'afterWorkerExit'>(),
  } satisfies Record<keyof Config, z.ZodType>);
}

/** The keys of each object, for suggestions. */
export const knownKeys: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(configSchema('/').shape),
  refork: ['drainTimeout', 'backoff', 'canary', 'maxUnavailable'],
  listen: ['address', 'backlog', 'queues', 'mode', 'ipv6Only'],
  metrics: ['listen', 'path'],
  remoteControl: ['listen', 'token', 'tokenFile'],
  log: ['level', 'format', 'file'],
  incompatibleModules: ['policy', 'except', 'also'],
  also: ['name', 'versions', 'breaks', 'remedy', 'severity'],
};

/** A leaf of the schema: what the reader throws is the problem's text. */
function value<T>(read: Reader<T>) {
  return z.unknown().transform((input, context): T => {
    try {
      return read(input);
    } catch (error) {
      context.addIssue({
        code: 'custom',
        message: messageOf(error),
      });
      return z.NEVER;
    }
  });
}

function readApp(input: unknown): string {
  if (input === undefined)
    throw new Error('required: the module whose default export is the application');
  return readText('the path of a module')(input);
}

function readCountOrFalse(input: unknown): number | false {
  return input === false ? false : positiveInteger(input);
}

/** As in Pitchfork: shorter ones would be met by busy workers that are quite well. */
function readRequestTimeout(input: unknown): number | false {
  return input === false ? false : readDurationFrom(3)(input);
}

/** One address or a list of them, each as text or with options. */
function addressList(directory: string) {
  const address = z.preprocess(
    (input) => (isPlain(input) ? input : { address: input }),
    z
      .strictObject({
        address: value((input) => readEndpoint(input, { directory, defaultHost: '0.0.0.0' })),
        backlog: value(
          readInteger({ from: 1, to: 65_535, expected: 'an integer from 1 to 65535' }),
        ).prefault(1024),
        queues: value(readQueues).optional(),
        mode: value(readMode).optional(),
        ipv6Only: value(readFlag).optional(),
      })
      .transform(toAddress),
  );
  return z.preprocess(
    (input) => (Array.isArray(input) ? (input as unknown[]) : [input]),
    z.array(address).min(1, 'expected at least one address, got an empty list'),
  );
}

interface ListenFields {
  address: ReturnType<typeof readEndpoint>;
  backlog: number;
  queues?: 'per-worker' | 1 | undefined;
  mode?: number | undefined;
  ipv6Only?: boolean | undefined;
}

function toAddress(fields: ListenFields, context: z.RefinementCtx): Address {
  const { address, backlog } = fields;
  const foreign = address.kind === 'unix' ? (['queues', 'ipv6Only'] as const) : (['mode'] as const);
  for (const key of foreign)
    if (fields[key] !== undefined)
      context.addIssue({
        code: 'custom',
        path: [key],
        message: `does not apply to a ${address.kind === 'unix' ? 'unix socket' : 'TCP address'}`,
      });
  return address.kind === 'unix'
    ? { ...address, backlog, mode: fields.mode ?? 0o660 }
    : {
        ...address,
        backlog,
        queues: fields.queues ?? 'per-worker',
        ipv6Only: fields.ipv6Only ?? false,
      };
}

function readQueues(input: unknown): 'per-worker' | 1 {
  if (input !== 'per-worker' && input !== 1) throw unexpected('"per-worker" or 1', input);
  return input;
}

function readMode(input: unknown): number {
  return readInteger({ from: 0, to: 0o777, expected: 'permission bits such as 0o660' })(input);
}

function readFlag(input: unknown): boolean {
  if (typeof input !== 'boolean') throw unexpected('true or false', input);
  return input;
}

function metrics(directory: string) {
  const options = z.strictObject({
    listen: tcpEndpoint(directory).prefault(9394),
    path: value((input) => {
      if (typeof input !== 'string' || !/^\/[^\s?#]*$/.test(input))
        throw unexpected('a path such as "/metrics"', input);
      return input;
    }).prefault('/metrics'),
  });
  return z.union([
    z.literal(false),
    options.transform(({ listen, path }) => ({ host: listen.host, port: listen.port, path })),
  ]);
}

/** For what is not the app's: nobody else's by default. */
function tcpEndpoint(directory: string) {
  return value((input) => {
    const endpoint = readEndpoint(input, { directory, defaultHost: '127.0.0.1' });
    if (endpoint.kind === 'unix') throw unexpected('a port or "host:port"', input);
    return endpoint;
  });
}

function remoteControl(directory: string) {
  return z
    .strictObject({
      listen: tcpEndpoint(directory),
      token: value(readToken).optional(),
      tokenFile: value((input) =>
        resolve(directory, readText('the path of a file')(input)),
      ).optional(),
    })
    .transform(({ listen: { host, port }, token, tokenFile }, context) => {
      if (token !== undefined && tokenFile === undefined) return { host, port, token };
      if (tokenFile !== undefined && token === undefined) return { host, port, tokenFile };
      context.addIssue({
        code: 'custom',
        message:
          token === undefined
            ? 'a `token` or a `tokenFile` is required'
            : 'either `token` or `tokenFile`, not both',
      });
      return z.NEVER;
    });
}

/** A policy alone, or with exceptions and additions. */
function incompatibleModules() {
  const text = (expected: string) => value(readText(expected));
  return z.preprocess(
    (input) => (isPlain(input) ? input : { policy: input }),
    z.strictObject({
      policy: value(readWord('refuse', 'warn', 'ignore')).prefault('refuse'),
      except: z.array(text('the name of a package')).prefault([]),
      also: z
        .array(
          z.strictObject({
            name: text('the name of a package'),
            versions: value((input) => readRange(readText('a range of versions')(input))).prefault(
              '*',
            ),
            breaks: text('what goes wrong in a fork'),
            remedy: text('what to do about it'),
            severity: value(readWord('refuse', 'warn')).prefault('refuse'),
          }),
        )
        .prefault([]),
    }),
  );
}

type Hook<Name extends HookName> = HookLists[Name][number];

function hookList<Name extends HookName>() {
  return value((input): Hook<Name>[] => {
    const list: unknown[] = Array.isArray(input) ? input : [input];
    return list.map((item) => {
      if (!isHook<Name>(item)) throw unexpected('a function or a list of functions', item);
      return item;
    });
  }).prefault([]);
}

/** What arguments a function takes cannot be seen at run time: its type is the user's word. */
function isHook<Name extends HookName>(input: unknown): input is Hook<Name> {
  return typeof input === 'function';
}

function isPlain(input: unknown): boolean {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}
