// Run it with `npm start`, or copy it to pitchfork.conf.ts beside an app of yours. Only `app` is
// required. Durations are milliseconds, or strings such as '20s'. docs/configuration.md lists all
// options and hooks.
import { defineConfig } from 'pitchfork-ts';

export default defineConfig({
  // The module whose default export is the application, relative to this file.
  app: './examples/catalogue/app.ts',

  // 8080, 'host:port', '[::1]:port', '/path.sock', or a list of these.
  listen: '127.0.0.1:8080',

  // Default: one per available core. 0: a single process that is not forked.
  workers: 4,

  // A worker that has completed this many requests is promoted, and every worker becomes a fork of
  // it: first after 500, then after 5,000, then never again.
  reforkAfter: [500, 5_000, false],

  refork: {
    // Time for the promoted worker to finish the requests in flight.
    drainTimeout: '10s',
    // Time for which the first worker of a new mold must stay healthy before the others follow.
    canary: '1s',
  },

  // A slower request has its worker replaced, and killed if the request has not ended after another
  // 5 s; the default is `false`, no limit. worker.extendDeadline(ms) in a handler grants more time.
  // A worker whose event loop is blocked for heartbeatTimeout is killed, and the blocking
  // JavaScript is logged.
  requestTimeout: '30s',
  cleanupTimeout: '5s',
  heartbeatTimeout: '15s',

  // Time for which a stopping server keeps serving while /ready of the metrics listener fails, so
  // that load balancers can take it out of rotation.
  shutdownDelay: 0,

  // The control commands over TCP as well (`--control http://127.0.0.1:9293`), with a token:
  //   remoteControl: { listen: 9293, token: process.env.PITCHFORK_TOKEN },

  // Prometheus metrics at /metrics, a live page at /, /ready and /healthz for probes.
  metrics: { listen: '127.0.0.1:9394' },

  // Treatment of modules that cannot be forked, which the audit before each fork finds: 'refuse'
  // (the default), 'warn' or 'ignore', with exceptions. `pitchfork-ts check` shows its findings.
  incompatibleModules: { policy: 'refuse', except: [] },

  // Hooks. Connections are ended automatically before a fork; close other resources that cannot be
  // shared in one hook and open them in another:
  //   warmup({ request }) { … } in a fresh process, before its first fork: await request('/')
  //                             compiles the code and fills the caches
  //   afterMoldFork() { … }     in a worker that becomes a mold: close databases, stop threads
  //   beforeFork() { … }        in the mold, before each fork
  //   afterWorkerFork() { … }   in each new worker, before it accepts connections: open them
  // With this hook there is one more fork, which accepts no connections; only one runs at a time:
  //   beforeServiceWorkerReady() { … }   start schedules and queue consumers
  //   beforeServiceWorkerExit() { … }    stop them
});
