// The table of options. An option is one entry here: the types, the checks, the defaults, the
// command line, the environment, hover texts and docs/configuration.md all come from it.
import {
  incompatibleModulesOptions,
  listenOptions,
  logOptions,
  metricsOptions,
  phasedRestartOptions,
  reforkOptions,
  remoteControlOptions,
  rollbackOptions,
  type ListenTable,
  type MetricsTable,
  type PhasedRestartTable,
  type RemoteControlTable,
  type ReforkTable,
  type RollbackTable,
  type LogTable,
  type IncompatibleModulesTable,
} from './option-groups.js';
import {
  count,
  duration,
  group,
  list,
  oneOf,
  oneOrMore,
  option,
  optional,
  orFalse,
  path,
  required,
  scalar,
  text,
  type Sources,
} from './option-kinds.js';

export const options = {
  /**
   * The module whose default export is the application, relative to the configuration file.
   * @example './app.ts'
   */
  app: required(
    path('the path of a module'),
    'required: the module whose default export is the application',
  ),
  /**
   * The HTTP server: node:http, or uWebSockets.js, which is installed separately.
   * @default 'node'
   */
  engine: option(oneOf('node', 'uws'), 'node'),
  /**
   * The address to serve on, or a list of them, each plain or with options.
   * @default '0.0.0.0:8080'
   * @example [8080, '[::1]:8080', { address: '/run/app.sock', mode: 0o660 }]
   */
  listen: option(
    oneOrMore(group<ListenTable, 'address'>(listenOptions, 'address'), 'address'),
    '0.0.0.0:8080',
    {
      flag: {
        name: 'listen',
        alias: 'l',
        text: 'port, host:port, [::1]:port, /path.sock or unix:path.sock; repeatable',
        repeatable: true,
      },
      variables: ['PITCHFORK_LISTEN'],
    },
  ),
  /**
   * The number of workers; 'auto' is one per available core. 0 is single mode: a single process
   * serves the app, without forks and without a mold.
   * @unit workers
   * @default 'auto'
   */
  workers: option(scalar('workers', { unit: 'workers' }), 'auto', {
    flag: { name: 'workers', alias: 'w', text: 'number of workers, or "auto"' },
    variables: ['PITCHFORK_WORKERS', 'WEB_CONCURRENCY'],
  }),
  /**
   * Requests completed by a worker that trigger a refork, one number per generation. The last
   * number repeats; `false` at the end stops reforking. An empty list: never.
   * @unit requests
   * @default []
   * @example [1_000, 10_000, false]
   */
  reforkAfter: option(scalar('thresholds', { unit: 'requests' }), [], {
    flag: {
      name: 'refork-after',
      text: 'requests per worker and generation, such as 50,100,false',
    },
    variables: ['PITCHFORK_REFORK_AFTER'],
  }),
  /** Timing and pace of a refork. */
  refork: option(group<ReforkTable>(reforkOptions), {}),
  /** The trial of new code, in a phased restart or after a hot restart. */
  phasedRestart: option(group<PhasedRestartTable>(phasedRestartOptions), {}),
  /** The way back to the old code after a phased restart. */
  rollback: option(group<RollbackTable>(rollbackOptions), {}),
  /**
   * Time for a child to become ready, from its fork or boot.
   * @unit milliseconds, or a string such as '30s'
   * @default '30s'
   */
  spawnTimeout: option(duration(1), '30s'),
  /**
   * Time without a heartbeat after which a worker counts as stuck, and is killed and replaced.
   * @unit milliseconds, or a string such as '15s'
   * @default '15s'
   */
  heartbeatTimeout: option(duration(1), '15s'),
  /**
   * Time after which a request counts as overdue: it is logged, `afterWorkerTimeout` runs, and the
   * worker is replaced by a successor beside which it finishes its requests. Measured from the call
   * of the handler to the end of the response, including long polls and event streams: see
   * `worker.extendDeadline`. Time spent waiting for the client, for the rest of its upload or until
   * it reads the response, is not counted. At least '3s'; `false`: no limit.
   * @unit milliseconds, or a string such as '30s'
   * @default false
   */
  requestTimeout: option(orFalse(duration(3_000)), false),
  /**
   * Time after `requestTimeout` for an overdue request to be answered all the same. Then the worker
   * ends that request and its connection, with 503 if no response has begun; other requests are not
   * affected. A worker whose event loop is blocked cannot, and is killed. At least '2s'.
   * @unit milliseconds, or a string such as '5s'
   * @default '5s'
   */
  cleanupTimeout: option(duration(2_000), '5s'),
  /**
   * The signal that kills a worker which is stuck or overdue. 'SIGABRT' leaves a core dump where
   * the system keeps them.
   * @default 'SIGKILL'
   */
  timeoutSignal: option(oneOf('SIGKILL', 'SIGABRT'), 'SIGKILL'),
  /**
   * Time for a child to finish its requests, write what it has begun to write, and exit, before it
   * is killed.
   * @unit milliseconds, or a string such as '30s'
   * @default '30s'
   */
  shutdownTimeout: option(duration(), '30s'),
  /**
   * Time for which a stopping server keeps serving, so that load balancers can take it out of
   * rotation: `/ready` of the metrics listener fails and `worker.shuttingDown` is true meanwhile.
   * @unit milliseconds, or a string such as '10s'
   * @default 0
   */
  shutdownDelay: option(duration(), 0),
  /**
   * Time for which an idle connection is kept open. The default exceeds the 60s of common load
   * balancers. Engine 'uws' always closes idle connections after about 10s.
   * @unit milliseconds, or a string such as '65s'
   * @default '65s'
   */
  keepAliveTimeout: option(duration(1), '65s'),
  /**
   * Consecutive failed starts after which the server gives up; `false`: never.
   * @unit failed starts
   * @default 10
   */
  maxConsecutiveSpawnErrors: option(orFalse(count('failed starts')), 10),
  /**
   * Private memory, not shared with the mold, above which a worker is replaced by a fresh fork; one
   * worker at a time.
   * @unit bytes, or a string such as '512MB' or '1GiB'
   * @default no limit
   */
  maxWorkerMemory: optional(scalar('bytes', { unit: 'bytes' }), 'no limit'),
  /**
   * Requests after which a worker runs a full garbage collection, as soon as it is idle (checked
   * twice a second): between requests instead of during one. `false`: never.
   * @unit requests
   * @default false
   */
  outOfBandGc: option(orFalse(count('requests')), false),
  /**
   * Further command line options of the Node.js process that loads the app.
   * @default []
   * @example ['--max-old-space-size=512']
   */
  nodeOptions: option(list(text('an option of node')), []),
  /**
   * Prometheus metrics, a live page at `/`, and the probes `/ready` and `/healthz`; `false`: none.
   * @default {}
   */
  metrics: option(orFalse(group<MetricsTable>(metricsOptions)), {}),
  /**
   * Path of the control socket.
   * @default below a private directory of this user
   */
  control: optional(scalar('socketPath'), 'below a private directory of this user', {
    flag: { name: 'control', text: 'the control socket' },
    variables: ['PITCHFORK_CONTROL'],
  }),
  /**
   * The control API over TCP as well, for clients that send `Authorization: Bearer` and the token.
   * @default none
   * @example { listen: 9293, tokenFile: '/run/secrets/pitchfork' }
   */
  remoteControl: optional(group<RemoteControlTable>(remoteControlOptions), 'none'),
  /**
   * The user that the app runs as, by name or id, when the server is started as root. The monitor
   * stays root. The app's processes are in sessions of their own, without supplementary groups and
   * capabilities. Refused if that user can write to the configuration or to a directory above it.
   * @default the user of the monitor
   * @example 'www-data'
   */
  user: optional(scalar('account'), 'the user of the monitor'),
  /**
   * Processes of `user` can never gain privileges, not even by programs such as sudo, ping or
   * sendmail, which are setuid, setgid or have capabilities (the kernel's no_new_privs). `false` if
   * the app needs such a program. Has no effect without `user`.
   * @default true
   */
  noNewPrivileges: option(scalar('flag'), true),
  /**
   * The group that the app runs as, by name or id. Requires `user`.
   * @default the primary group of `user`
   */
  group: optional(scalar('account'), 'the primary group of `user`'),
  /**
   * Every child leads a process group of its own, so that Ctrl-C reaches the monitor only. With
   * `false` all processes share the monitor's group and its standard input, for debuggers that read
   * from the terminal.
   * @default true
   */
  setpgid: option(scalar('flag'), true),
  /**
   * A file with the pid of the monitor, while it runs.
   * @default none
   */
  pidfile: optional(path('a path'), 'none'),
  /** The monitor's log; the app's own output stays on standard output. */
  log: option(group<LogTable>(logOptions), {}),
  /**
   * Treatment of whatever a fork would break: a policy alone, or with exceptions and additions to
   * the catalogue.
   * @default {}
   */
  incompatibleModules: option(
    group<IncompatibleModulesTable, 'policy'>(incompatibleModulesOptions, 'policy'),
    {},
  ),
};

/** Replaces the port of the first TCP address in `listen`. The variable is ignored without one. */
export const port: Required<Sources> = {
  flag: { name: 'port', alias: 'p', text: 'the port of the first TCP address' },
  variables: ['PORT'],
};
