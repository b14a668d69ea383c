// Run it with `npm start`, or copy it to pitchfork.conf.ts beside an app of yours. Only `app` is required; every other
// line shows what can be said. Durations are milliseconds, or strings such as '20s'.
import { defineConfig } from 'pitchfork-ts';

export default defineConfig({
  // The module whose default export is the application, relative to this file.
  app: './examples/catalogue/app.ts',

  // Any of: 8080, 'host:port', '[::1]:port', '/path.sock', or a list.
  listen: '127.0.0.1:8080',

  // Default: as many as there are cores. 0: a single process that is not forked.
  workers: 4,

  // When a worker has completed so many requests it is promoted, and every worker becomes a fork of it: after 500 for
  // the first time, then after 5,000, then no more.
  reforkAfter: [500, 5_000, false],

  refork: {
    // How long the promoted worker may take to finish what is in flight.
    drainTimeout: '10s',
    // How long the first worker of a new mold must stay healthy before the others follow.
    canary: '1s',
  },

  // A request that takes longer has its worker replaced, and killed if it has not ended 5 s later; `false`, none, is the
  // default. worker.extendDeadline(ms) in a handler gives one more time. An event loop that stands still for
  // heartbeatTimeout is killed, with the JavaScript that is to blame in the log.
  requestTimeout: '30s',
  cleanupTimeout: '5s',
  heartbeatTimeout: '15s',

  // How long to serve on when told to stop, for a load balancer to turn away: /ready beside the metrics says no meanwhile.
  shutdownDelay: 0,

  // The control commands over TCP as well (`--control http://127.0.0.1:9293`), for those who have the token:
  //   remoteControl: { listen: 9293, token: process.env.PITCHFORK_TOKEN },

  // Prometheus metrics at /metrics, a live page at /, /ready and /healthz for probes.
  metrics: { listen: '127.0.0.1:9394' },

  // What the audit before each fork does with modules that cannot be forked: 'refuse' (the default), 'warn' or 'ignore',
  // with exceptions. `pitchfork-ts check` shows what it finds.
  incompatibleModules: { policy: 'refuse', except: [] },

  // Hooks. Connections are ended before a fork by themselves; what else cannot be shared is closed in one hook and
  // opened in another:
  //   warmup({ request }) { … } in a fresh process, before its first fork: await request('/') compiles and fills caches
  //   afterMoldFork() { … }     in a worker that becomes a mold: close databases, end threads here
  //   beforeFork() { … }        in the mold, before each fork
  //   afterWorkerFork() { … }   in each new worker, before it accepts: open them here
  // With this one there is one more fork, which accepts nothing and is never there twice:
  //   beforeServiceWorkerReady() { … }   start schedules and queue consumers here,
  //   beforeServiceWorkerExit() { … }    end them here
});
