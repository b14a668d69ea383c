// The nested part of the table of options: the members of each group. The type of each has a
// name, since declaration files keep no hover texts of a nameless type from another file.
import {
  count,
  duration,
  group,
  list,
  oneOf,
  option,
  optional,
  orFalse,
  path,
  required,
  scalar,
  text,
} from './option-kinds.js';

/** The members of an entry of `listen`. */
export const listenOptions = {
  /** The address to bind. */
  address: required(scalar('address')),
  /**
   * Connections that the kernel queues before they are accepted.
   * @unit connections
   * @default 1024
   */
  backlog: option(
    count('connections', { from: 1, to: 65_535, expected: 'an integer from 1 to 65535' }),
    1024,
  ),
  /**
   * TCP only: one accept queue per worker, which balances connections evenly, or a single queue
   * that all workers share.
   * @default 'per-worker'
   */
  queues: option(oneOf('per-worker', 1), 'per-worker'),
  /**
   * Unix sockets only: permission bits of the socket file. By default only the user and the group
   * can connect, since every client bypasses the proxy in front of the app; add the proxy to the
   * group.
   * @default 0o660
   */
  mode: option(scalar('permissions'), 0o660),
  /**
   * TCP only: an IPv6 socket does not accept IPv4 connections.
   * @default false
   */
  ipv6Only: option(scalar('flag'), false),
};
export type ListenTable = { [Name in keyof typeof listenOptions]: (typeof listenOptions)[Name] };

export const metricsOptions = {
  /**
   * The address of the metrics listener; a bare port is bound on loopback.
   * @default 9394
   */
  listen: option(scalar('tcpAddress'), 9394),
  /**
   * The path of the Prometheus metrics.
   * @default '/metrics'
   */
  path: option(scalar('urlPath'), '/metrics'),
};
export type MetricsTable = { [Name in keyof typeof metricsOptions]: (typeof metricsOptions)[Name] };

export const remoteControlOptions = {
  /** The address to bind; a bare port is bound on loopback. */
  listen: required(scalar('tcpAddress')),
  /**
   * The bearer token, at least 16 characters. The configuration is loaded in the app's processes
   * too, and so is this text: refused with `user`. Prefer `tokenFile`, or leave both out and set
   * the environment variable PITCHFORK_TOKEN, which only the monitor sees.
   * @default the environment variable PITCHFORK_TOKEN
   */
  token: optional(scalar('token'), 'the environment variable PITCHFORK_TOKEN'),
  /**
   * A file that holds the token; relative to the configuration file. It must belong to the user of
   * the monitor, or root, and be accessible to its owner only (mode 0600 or 0400).
   * @default none
   */
  tokenFile: optional(path('the path of a file'), 'none'),
};
export type RemoteControlTable = {
  [Name in keyof typeof remoteControlOptions]: (typeof remoteControlOptions)[Name];
};

export const reforkOptions = {
  /**
   * Time for a promoted worker to finish its requests before it becomes the mold.
   * @unit milliseconds, or a string such as '10s'
   * @default '10s'
   */
  drainTimeout: option(duration(), '10s'),
  /**
   * Delay before the next attempt after a failed refork; doubles with each further failure.
   * @unit milliseconds, or a string such as '10s'
   * @default '10s'
   */
  backoff: option(duration(), '10s'),
  /**
   * Time for which the first worker of a new mold must stay healthy before the others follow. New
   * code has a longer trial: `phasedRestart.canary`.
   * @unit milliseconds, or a string such as '1s'
   * @default '1s'
   */
  canary: option(duration(), '1s'),
  /**
   * Slots that are rolled over concurrently.
   * @unit slots
   * @default 1
   */
  maxUnavailable: option(count('slots'), 1),
};
export type ReforkTable = { [Name in keyof typeof reforkOptions]: (typeof reforkOptions)[Name] };

export const phasedRestartOptions = {
  /**
   * Time for which the first worker of new code must stay healthy before the others follow.
   * @unit milliseconds, or a string such as '5s'
   * @default '5s'
   */
  canary: option(duration(), '5s'),
};
export type PhasedRestartTable = {
  [Name in keyof typeof phasedRestartOptions]: (typeof phasedRestartOptions)[Name];
};

export const rollbackOptions = {
  /**
   * Time for which the mold of the old code is kept, frozen, after a phased restart or a hot
   * restart, so that `rollback` can return to it. It costs the memory that only it uses.
   * `false`: it is not kept.
   * @unit milliseconds, or a string such as '60s'
   * @default '60s'
   */
  window: option(orFalse(duration()), '60s'),
  /**
   * Roll back without being asked if the new code dies within the window: as many deaths as there
   * are workers, and at least 3; or no worker left after 2. Not to code that died as often itself.
   * @default true
   */
  automatic: option(scalar('flag'), true),
};
export type RollbackTable = {
  [Name in keyof typeof rollbackOptions]: (typeof rollbackOptions)[Name];
};

export const logOptions = {
  /**
   * The least severe level that is logged.
   * @default 'info'
   */
  level: option(oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), 'info', {
    variables: ['PITCHFORK_LOG_LEVEL'],
  }),
  /**
   * 'auto' is 'pretty' on a terminal and 'json' elsewhere.
   * @default 'auto'
   */
  format: option(oneOf('auto', 'json', 'pretty'), 'auto'),
  /**
   * The log file, reopened on SIGHUP (logrotate).
   * @default standard output
   */
  file: optional(path('a path'), 'standard output'),
};
export type LogTable = { [Name in keyof typeof logOptions]: (typeof logOptions)[Name] };

export const incompatibleModulesOptions = {
  /**
   * 'refuse' never forks such a process; 'warn' forks it and logs a warning; 'ignore' skips
   * the catalogue and warns only about evidence such as live threads.
   * @default 'refuse'
   */
  policy: option(oneOf('refuse', 'warn', 'ignore'), 'refuse'),
  /**
   * Packages, or other subjects of findings such as 'worker_threads', that are known to be
   * harmless.
   * @default []
   */
  except: option(list(text('the name of a package')), []),
  /**
   * Packages that are known to be harmful once they are loaded.
   * @default []
   */
  also: option(
    list(
      group({
        /** The name of the package. */
        name: required(text('the name of a package')),
        /**
         * The affected versions.
         * @default '*'
         * @example '>=1.2 <3'
         */
        versions: option(scalar('versionRange'), '*'),
        /** The symptom in a fork. */
        breaks: required(text('what goes wrong in a fork')),
        /** The advice to the user. */
        remedy: required(text('what to do about it')),
        /**
         * Whether the package prevents forks or only logs a warning.
         * @default 'refuse'
         */
        severity: option(oneOf('refuse', 'warn'), 'refuse'),
      }),
    ),
    [],
  ),
};
export type IncompatibleModulesTable = {
  [Name in keyof typeof incompatibleModulesOptions]: (typeof incompatibleModulesOptions)[Name];
};
