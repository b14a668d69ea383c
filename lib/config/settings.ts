// What a configuration becomes once it is validated and complete: every duration in milliseconds,
// every path absolute.
import type { EngineName, IncompatiblePolicy } from '../api/config.js';
import type { HookLists } from '../api/hooks.js';

export interface TcpAddress {
  readonly kind: 'tcp';
  /** As written: a name or a numeric address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
  /** One SO_REUSEPORT queue per slot, or one queue that all share. */
  readonly queues: 'per-worker' | 1;
  readonly ipv6Only: boolean;
}

export interface UnixAddress {
  readonly kind: 'unix';
  readonly path: string;
  readonly backlog: number;
  /** Permission bits, for example 0o660. */
  readonly mode: number;
}

export type Address = TcpAddress | UnixAddress;

export interface IncompatibleModule {
  readonly name: string;
  /** A range such as '*', '2.x' or '>=1.2 <3'. */
  readonly versions: string;
  readonly breaks: string;
  readonly remedy: string;
  readonly severity: 'refuse' | 'warn';
}

export interface RemoteControl {
  readonly host: string;
  readonly port: number;
  /** The secret, or the file that holds it. */
  readonly token?: string;
  readonly tokenFile?: string;
}

export interface Settings {
  /** The configuration file, absolute. */
  readonly file: string;
  /** The app's module, absolute. */
  readonly app: string;
  readonly engine: EngineName;
  readonly listen: readonly Address[];
  /** At least 1, and 1 in single mode. */
  readonly workers: number;
  /** One process that is booted and not forked serves the app: there is no mold. */
  readonly single: boolean;
  /**
   * Requests per worker and generation after which to refork; the last repeats, `false` ends.
   * Empty: never.
   */
  readonly reforkAfter: readonly (number | false)[];
  readonly refork: {
    readonly drainTimeoutMs: number;
    readonly backoffMs: number;
    /** How long the first worker of a new mold must stay healthy before the others follow. */
    readonly canaryMs: number;
    /** How many slots are rolled over at once. */
    readonly maxUnavailable: number;
  };
  /** From the order to fork (or boot) until the child is ready. */
  readonly spawnTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  /** The age at which a request costs its worker the place; false: none. */
  readonly requestTimeoutMs: number | false;
  /** From then on until the worker is killed, if the request has not ended. */
  readonly cleanupTimeoutMs: number;
  /** Ends workers that are stuck or whose request overran. */
  readonly timeoutSignal: 'SIGKILL' | 'SIGABRT';
  /** From the order to leave until the child is killed. */
  readonly shutdownTimeoutMs: number;
  /** How long a server that is to stop serves on before its workers are told to leave. */
  readonly shutdownDelayMs: number;
  /** How long an idle kept-alive connection stays open. */
  readonly keepAliveTimeoutMs: number;
  /** Private memory above which a worker is replaced; null: never. */
  readonly maxWorkerMemoryBytes: number | null;
  /** Failed starts in a row after which the server gives up; false: never. */
  readonly maxConsecutiveSpawnErrors: number | false;
  /** Requests from one collection of all garbage between requests to the next; false: never. */
  readonly outOfBandGc: number | false;
  /** Extra command line options of the Node that loads the app. */
  readonly nodeOptions: readonly string[];
  readonly metrics: { readonly host: string; readonly port: number; readonly path: string } | false;
  /** Path of the control socket, absolute. */
  readonly control: string;
  /** The control API over TCP; null: there is none. */
  readonly remoteControl: RemoteControl | null;
  /** Who the app runs as: names, or ids. null: as the monitor; for the group, the user's own. */
  readonly user: string | number | null;
  readonly group: string | number | null;
  /** Each child leads a process group of its own; else all are in the monitor's. */
  readonly setpgid: boolean;
  /** Absolute. */
  readonly pidfile: string | null;
  readonly log: {
    readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
    readonly format: 'auto' | 'json' | 'pretty';
    /** Absolute; null: standard output. */
    readonly file: string | null;
  };
  /** What becomes of that which a fork would break. */
  readonly incompatibleModules: {
    readonly policy: IncompatiblePolicy;
    /** Names of packages, or of other subjects of findings, that are told but change nothing. */
    readonly except: readonly string[];
    /** What the catalogue does not know. */
    readonly also: readonly IncompatibleModule[];
  };
  readonly hooks: HookLists;
}
