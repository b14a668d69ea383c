// Goal: the death of the mold costs no request, and it is soon replaced. Method: it is killed under
// load, beside several workers and beside one; afterwards a worker is killed too, since only a
// working mold can replace it.
import { expect } from 'chai';
import { failures, startLoad } from '../support/load.js';
import { timeOf } from '../support/log-time.js';
import { baseline, expectPostConditions, metricValue } from '../support/post-conditions.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `
console.log('app evaluated');
export default (request, response) => response.end(String(process.pid));
`,
};

const evaluations = (server: Server): number => server.text().split('app evaluated').length - 1;

describe('a dead mold', () => {
  let server: Server;
  afterEach(() => server.destroy());

  /** Kills the mold; resolves with the milliseconds until there was another one. */
  const killMold = async (): Promise<number> => {
    const { mold } = await server.stats();
    process.kill(mold?.pid ?? 0, 'SIGKILL');
    const end = await server.logged('ended unexpectedly', { pid: mold?.pid });
    expect(end).to.include({ role: 'mold', slot: null, code: null, signal: 'SIGKILL' });
    expect(end.generation).to.equal(mold?.generation);
    const ready = await until('another mold', () =>
      server.log('mold ready').find((line) => timeOf(line) >= timeOf(end)),
    );
    return timeOf(ready) - timeOf(end);
  };

  const killWorker = async (): Promise<void> => {
    const { pid, slot } = (await server.stats()).workers[0] ?? { pid: 0, slot: -1 };
    process.kill(pid, 'SIGKILL');
    const end = await server.logged('ended unexpectedly', { pid });
    await until('the successor of the worker', () =>
      server.log('ready').find((line) => line.slot === slot && timeOf(line) >= timeOf(end)),
    );
  };

  for (const mode of ['close', 'keepalive'] as const)
    it(`is replaced by a worker within five seconds, with nothing lost (${mode}) (M1, G5)`, async () => {
      server = await Server.start({ app, workers: 3 });
      const before = await baseline(server);
      const load = startLoad({ port: server.port, mode, conns: 8, seconds: 60 });
      await load.started;
      expect(await killMold()).to.be.below(5_000);
      await server.settled(1);
      const result = await load.stop();
      expect(failures(result), JSON.stringify(result)).to.equal(0);
      const after = await expectPostConditions(server, { workers: 3, baseline: before });
      expect(after.generation).to.equal(1);
      await killWorker();
      await expectPostConditions(server, { workers: 3, baseline: before });
      expect(evaluations(server)).to.equal(1);
      const exits = metricValue(await server.metrics(), 'pitchfork_worker_exits_total', {
        reason: 'signal',
      });
      expect(exits, 'unexpected ends: the mold and the worker').to.equal(2);
      await server.stop();
    });

  it('is booted afresh beside a single worker, with nothing lost', async () => {
    server = await Server.start({ app, workers: 1 });
    const before = await baseline(server);
    const load = startLoad({ port: server.port, mode: 'close', conns: 4, seconds: 60 });
    await load.started;
    await killMold();
    await server.settled(1);
    const result = await load.stop();
    expect(failures(result), JSON.stringify(result)).to.equal(0);
    await expectPostConditions(server, { workers: 1, baseline: before });
    await killWorker();
    await expectPostConditions(server, { workers: 1, baseline: before });
    expect(evaluations(server)).to.equal(2);
    await server.stop();
  });

  it('is replaced three times in a row', async () => {
    server = await Server.start({ app, workers: 2 });
    for (let round = 1; round <= 3; round++) {
      await killMold();
      await server.settled(round);
    }
    await killWorker();
    await expectPostConditions(server, { workers: 2 });
    expect(evaluations(server)).to.equal(1);
    await server.stop();
  });

  it('is replaced together with all workers that died at the same moment', async () => {
    server = await Server.start({ app, workers: 2 });
    const { mold, workers } = await server.stats();
    for (const pid of [mold?.pid ?? 0, ...workers.map((worker) => worker.pid)])
      process.kill(pid, 'SIGKILL');
    for (const { pid } of workers) await server.logged('ended unexpectedly', { pid });
    await expectPostConditions(server, { workers: 2 });
    expect(evaluations(server)).to.equal(2);
    await server.stop();
  });
});
