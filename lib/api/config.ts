// A configuration as users write it. Everything but `app` has a default; schema.ts checks all of
// it.
import type { Hooks } from './hooks.js';

export type EngineName = 'node' | 'uws';

export type IncompatiblePolicy = 'refuse' | 'warn' | 'ignore';

/** Milliseconds, or a text such as '500ms', '20s', '1m'. */
export type Duration = number | string;

/**
 * A port on all IPv4 interfaces, 'host:port', '[::1]:port', '/path.sock' or 'unix:relative.sock'.
 */
export type ListenAddress = number | string;

export interface ListenOptions {
  address: ListenAddress;
  /** Connections that the kernel queues. Default: 1024. */
  backlog?: number;
  /**
   * TCP: one queue per worker, which spreads evenly, or one that all share. Default: 'per-worker'.
   */
  queues?: 'per-worker' | 1;
  /**
   * Unix: permission bits of the socket file. Default: 0o660, since whoever can connect talks to
   * the app without the proxy in front of it; a proxy gets in through the group.
   */
  mode?: number;
  /** TCP: keep an IPv6 socket from taking IPv4 connections as well. Default: false. */
  ipv6Only?: boolean;
}

export interface IncompatibleModules {
  policy?: IncompatiblePolicy;
  /** Packages, or other subjects of findings ('worker_threads'), that are known to do no harm. */
  except?: string[];
  /** Packages that are known to do harm once they are loaded. */
  also?: {
    name: string;
    /** Such as '2.x' or '>=1.2 <3'. Default: '*'. */
    versions?: string;
    /** What goes wrong in a fork. */
    breaks: string;
    remedy: string;
    /** Default: 'refuse'. */
    severity?: 'refuse' | 'warn';
  }[];
}

export interface Config extends Hooks {
  /**
   * The module whose default export is the application. Paths are relative to the configuration
   * file.
   */
  app: string;
  /** Default: 'node'. */
  engine?: EngineName;
  /** Default: '0.0.0.0:8080'. */
  listen?: ListenAddress | ListenOptions | (ListenAddress | ListenOptions)[];
  /**
   * 0 is single mode: one process serves the app, without forks and without a mold beside it.
   * Default: 'auto', one per available core.
   */
  workers?: number | 'auto';
  /**
   * Requests of a worker after which to refork, per generation; the last repeats, `false` ends.
   * Default: never.
   */
  reforkAfter?: number | false | (number | false)[];
  refork?: {
    /** How long a worker may finish its requests before it becomes the mold. Default: '10s'. */
    drainTimeout?: Duration;
    /** The wait after a failed refork, doubled by each further failure. Default: '10s'. */
    backoff?: Duration;
    /**
     * How long the first worker of a new mold must stay healthy before others follow. Default:
     * '1s'.
     */
    canary?: Duration;
    /** How many slots are rolled over at once. Default: 1. */
    maxUnavailable?: number;
  };
  /** From the order to fork or boot until the child is ready. Default: '30s'. */
  spawnTimeout?: Duration;
  /** A worker that says nothing for so long is stuck, and replaced. Default: '15s'. */
  heartbeatTimeout?: Duration;
  /**
   * A request that takes longer costs its worker the place: a successor is forked, what else is in
   * flight is finished, the worker leaves. From the handler's call to the response's end, so that
   * uploads, long polls and event streams count: see `worker.extendDeadline`. At least '3s';
   * default: `false`, none.
   */
  requestTimeout?: Duration | false;
  /**
   * How long after `requestTimeout` the worker is killed if the request has still not ended. At
   * least '2s'; default: '5s'.
   */
  cleanupTimeout?: Duration;
  /**
   * Ends a worker that is stuck, or whose request overran for good. 'SIGABRT' leaves a core dump
   * where the system keeps them. Default: 'SIGKILL'.
   */
  timeoutSignal?: 'SIGKILL' | 'SIGABRT';
  /** From the order to leave until a child is killed. Default: '30s'. */
  shutdownTimeout?: Duration;
  /**
   * How long a server that is told to stop serves on, while `/ready` of the metrics listener says
   * no and `worker.shuttingDown` is true: the time that a load balancer needs to turn away.
   * Default: 0.
   */
  shutdownDelay?: Duration;
  /**
   * How long an idle connection is kept. Default: '65s', longer than the 60s of common load
   * balancers.
   */
  keepAliveTimeout?: Duration;
  /** Failed starts in a row after which the server gives up; `false`: never. Default: 10. */
  maxConsecutiveSpawnErrors?: number | false;
  /**
   * Private memory (what it does not share with the mold) above which a worker is replaced by a
   * fresh fork, one at a time: bytes, or a text such as '512MB' or '1GiB'. Default: no limit.
   */
  maxWorkerMemory?: number | string;
  /**
   * Requests after which a worker collects all its garbage, at the next moment at which it handles
   * none (looked for twice a second): between requests instead of during one. Default: false.
   */
  outOfBandGc?: number | false;
  /** Further command line options of the Node that loads the app. */
  nodeOptions?: string[];
  /**
   * What becomes of that which a fork would break: 'refuse' makes no mold of such a process; 'warn'
   * says so only; 'ignore' looks for evidence only, such as live threads, and warns. Default:
   * 'refuse'.
   */
  incompatibleModules?: IncompatiblePolicy | IncompatibleModules;
  /** Default: 127.0.0.1:9394, '/metrics'. */
  metrics?: { listen?: ListenAddress; path?: string } | false;
  /** Path of the control socket. Default: below a directory of this user's own. */
  control?: string;
  /**
   * The control API over TCP as well, for whoever sends `Authorization: Bearer` with the token, of
   * at least 16 characters. A bare port is on loopback. Default: none.
   */
  remoteControl?: { listen: ListenAddress; token?: string; tokenFile?: string };
  /**
   * Who the app runs as, by name or id; for a server that is started as root, to bind port 80 for
   * example. The monitor stays root. Supplementary groups are dropped. Default: as the monitor.
   */
  user?: string | number;
  /** By name or id. Default: the user's primary group. */
  group?: string | number;
  /**
   * Each child leads a process group of its own, so that Ctrl-C reaches the monitor only. With
   * `false` all share the monitor's group and its standard input: for debuggers that read from the
   * terminal. Default: true.
   */
  setpgid?: boolean;
  /** A file with the monitor's pid, while it runs. Default: none. */
  pidfile?: string;
  /**
   * `file` takes the monitor's log, and is opened anew on SIGHUP (logrotate); what the app prints
   * stays on its standard output. Default: standard output.
   *
   * Default: level 'info'; format 'auto', which is 'pretty' on a terminal and 'json' elsewhere.
   */
  log?: {
    level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
    format?: 'auto' | 'json' | 'pretty';
    file?: string;
  };
}

/** Gives a configuration its type. */
export function defineConfig(config: Config): Config {
  return config;
}
