// Run this with `npm start`, or copy it to pitchfork.conf.ts beside your app. Only `app` is
// required; all other lines show common options. Durations are milliseconds, or strings such as
// '20s'.
import { defineConfig } from 'pitchfork-ts';

export default defineConfig({
  // The module whose default export is the application, relative to this file.
  app: './examples/catalogue/app.ts',

  // One of 8080, 'host:port', '[::1]:port', '/path.sock', or a list of them.
  listen: '127.0.0.1:8080',

  // Default: one per core. 0: a single process that is not forked.
  workers: 4,

  // The number of completed requests after which a worker is promoted and every worker becomes a
  // fork of it: 500 for the first refork, 5,000 for the second, then no more.
  reforkAfter: [500, 5_000, false],

  refork: {
    // How long the promoted worker may take to finish its requests in flight.
    drainTimeout: '10s',
    // How long the first worker of a new mold must stay healthy before the others follow.
    canary: '1s',
  },

  // A worker with a request older than this is replaced, and killed if the request is still running
  // after cleanupTimeout. Default: false, no timeout. worker.extendDeadline(ms) grants a request
  // more time.
  requestTimeout: '30s',
  cleanupTimeout: '5s',

  // A worker whose event loop is blocked for this long is killed; the log has the JavaScript that
  // blocked it.
  heartbeatTimeout: '15s',

  // How long a stopping server keeps serving while /ready on the metrics listener returns 503, so
  // that a load balancer can remove it first.
  shutdownDelay: 0,

  // The control API over TCP as well (`--control http://127.0.0.1:9293`), for clients with the
  // token: that in a file which only its owner can read, or without tokenFile the variable
  // PITCHFORK_TOKEN, which the monitor alone gets to see:
  //   remoteControl: { listen: 9293, tokenFile: '/etc/pitchfork/token' },

  // Prometheus metrics at /metrics, a live page at /, probes at /ready and /healthz.
  metrics: { listen: '127.0.0.1:9394' },

  // How the audit before each fork treats modules that cannot be forked: 'refuse' (the default),
  // 'warn' or 'ignore', with exceptions. `pitchfork-ts check` shows its findings.
  incompatibleModules: { policy: 'refuse', except: [] },

  // Hooks. Connections are closed automatically before a fork; close other resources that cannot be
  // shared in one hook and open them in another:
  //   warmup({ request }) { … } in a fresh process before its first fork: await request('/')
  //                             compiles code and fills caches
  //   afterMoldFork() { … }     in a worker that becomes a mold: close databases, end threads
  //   beforeFork() { … }        in the mold, before each fork
  //   afterWorkerFork() { … }   in each new worker, before it accepts: open them again
  // This hook adds the service worker: one more fork, which accepts no connections and of which
  // only one runs at a time:
  //   beforeServiceWorkerReady() { … }   start schedules and queue consumers
  //   beforeServiceWorkerExit() { … }    end them
});
