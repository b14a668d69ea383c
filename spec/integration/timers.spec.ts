// Goal: timers that an app started at boot run on in every worker, at their own pace: never in a
// frozen mold, and without catching up on frozen time after a fork. Method: an interval that counts
// its ticks and the time since its first one in this process; more ticks than the time allows are a
// burst.
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const intervalMs = 20;

const app = {
  text: `
let pid = process.pid;
let ticks = 0;
let start = performance.now();
let timeouts = 0;
setTimeout(() => timeouts++, 600);
setInterval(() => {
  if (process.pid !== pid) [pid, ticks, start] = [process.pid, 0, performance.now()];
  ticks++;
}, ${intervalMs});
export default (request, response) =>
  response.end(JSON.stringify({ pid, ticks, timeouts, ms: performance.now() - start }));
`,
};

interface Answer {
  pid: number;
  ticks: number;
  timeouts: number;
  /** Time since the first tick in this process. */
  ms: number;
}

describe('timers of the app', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const expectPace = async (): Promise<void> => {
    const answers = await until('ticks in each worker', async () => {
      const found = [...(await fromEachWorker<Answer>(server, '/')).values()];
      return found.every(({ ticks }) => ticks >= 10) && found;
    });
    for (const { ticks, ms, timeouts } of answers) {
      expect(ticks).to.be.at.most(1 + ms / intervalMs);
      expect(timeouts).to.be.at.most(1);
    }
  };

  it('do not make up for the time in the mold, neither at boot nor after a refork', async () => {
    server = await Server.start({ app, workers: 2 });
    await expectPace();
    // By now the mold has been frozen for many intervals; its next fork has no more ticks than the
    // first ones.
    const [victim] = (await server.stats()).workers;
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    await server.logged('ended unexpectedly', { pid: victim?.pid });
    await server.settled();
    await expectPace();
    expect((await server.refork()).body).to.include({ ok: true });
    await expectPace();
    await server.stop();
  });
});
