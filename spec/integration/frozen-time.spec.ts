// Goal: the time in a frozen mold is nobody's. An idle newborn does not look busy to load shedders,
// and a timer that came due meanwhile has run before the worker is ready. Method: an app that
// measures itself as @fastify/under-pressure and toobusy-js do, from a timer that is overdue at the
// fork; a worker is killed once the mold has been frozen for longer than any of its limits.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { supportedNodes } from '../support/nodes.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const frozenMs = 2_000;
const mostMs = 1_500;

const app = {
  text: `
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createRequire } from 'node:module';
const toobusy = createRequire(import.meta.url)('toobusy-js');
const boot = process.pid;
const start = performance.eventLoopUtilization();
const monitor = monitorEventLoopDelay({ resolution: 10 });
monitor.enable();
let sample = null;
const timer = setInterval(() => {
  if (process.pid === boot || sample !== null) return;
  sample = { mean: String(monitor.mean), active: performance.eventLoopUtilization(start).active };
  globalThis.sampled = true;
}, 50);
export default (request, response) =>
  response.end(JSON.stringify({ pid: process.pid, sample, lag: toobusy.lag(),
    max: monitor.max / 1e6, readyAfterTimer: globalThis.readyAfterTimer }));
`,
};

/** The measurement of toobusy-js 0.5: a closure, with smoothed lag that only \`interval\` resets. */
const toobusy = `
let lastTime = Date.now();
let interval = 500;
let currentLag = 0;
let checkInterval;
const toobusy = () => currentLag > 70;
toobusy.lag = () => Math.round(currentLag);
toobusy.started = () => !!checkInterval;
toobusy.interval = (ms) => {
  if (!ms) return interval;
  clearInterval(checkInterval);
  [currentLag, interval] = [0, ms];
  start();
  return interval;
};
function start() {
  checkInterval = setInterval(() => {
    const now = Date.now();
    currentLag = Math.max(0, now - lastTime - interval) / 3 + (currentLag * 2) / 3;
    lastTime = now;
  }, interval);
}
start();
module.exports = toobusy;
`;

interface Answer {
  pid: number;
  sample: { mean: string; active: number } | null;
  lag: number;
  max: number;
  readyAfterTimer: boolean;
}

function installToobusy({ directory }: Server): void {
  const home = join(directory, 'node_modules/toobusy-js');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'toobusy.js'), toobusy);
  writeFileSync(
    join(home, 'package.json'),
    JSON.stringify({ name: 'toobusy-js', version: '0.5.1', main: 'toobusy.js' }),
  );
}

describe('the time in a frozen mold', () => {
  let server: Server;
  afterEach(() => server.destroy());

  for (const { version, execPath } of supportedNodes())
    it(`is nobody's under Node ${version}`, async () => {
      server = await Server.start({
        app,
        workers: 1,
        node: execPath,
        eager: true,
        config: `afterWorkerFork() { globalThis.readyAfterTimer = globalThis.sampled === true; },`,
      });
      installToobusy(server);
      await server.logged('all workers are ready', {}, 30_000);
      const before = performance.now();
      await until('the mold to have been frozen for a while', () =>
        Promise.resolve(performance.now() - before > frozenMs),
      );
      const [victim] = (await server.stats()).workers;
      process.kill(victim?.pid ?? 0, 'SIGKILL');
      await server.logged('ended unexpectedly', { pid: victim?.pid });
      await server.settled();
      const [answer] = (await fromEachWorker<Answer>(server, '/')).values();
      expect(answer?.readyAfterTimer, 'timers before the hook').to.equal(true);
      expect(Number(answer?.sample?.mean) / 1e6, 'mean delay').to.be.below(mostMs);
      expect(answer?.max, 'largest delay').to.be.below(mostMs);
      expect(answer?.lag, 'lag by toobusy-js').to.be.below(mostMs / 3);
      // The rest of the boot was active time of the loop.
      expect(answer?.sample?.active).to.be.below(frozenMs + mostMs);
      await server.stop();
    });
});
