// Loaded by `--require` in every process that the monitor boots: begins to observe before modules
// of the user's --require and --import run, such as monitoring agents. CommonJS, since Workers
// inherit the option, and the thread of module hooks cannot load an ES module this way.
import worker = require('node:worker_threads');
import type * as observer from '../fork-safety/audit/observer.js' with {
  'resolution-mode': 'import',
};

// In Workers there is nothing to do.
if (worker.isMainThread) {
  // Not for processes that the app starts with Node's options of its own.
  const own = process.execArgv.findIndex((option) => option.endsWith('/life/preload.cjs'));
  if (own > 0) process.execArgv.splice(own - 1, 2);
  const { watch } = require('../fork-safety/audit/observer.js') as typeof observer;
  watch();
}
