// Goal: a worker whose private memory exceeds `maxWorkerMemory` is replaced by a fresh fork, its
// successor first and one at a time, without a lost request; a limit that no worker keeps is told.
// Method: an app that allocates memory on request, under load, and one that always does.
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { failures, startLoad } from '../support/load.js';
import { expectPostConditions, metricValue } from '../support/post-conditions.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `
const kept = [];
export default ({ url }, response) => {
  if (url === '/grow') kept.push(Buffer.alloc(200 * 2 ** 20, 1));
  response.end(JSON.stringify({ pid: process.pid }));
};`,
};

describe('maxWorkerMemory', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('replaces the workers above it, one at a time, and no others (W10)', async () => {
    server = await Server.start({ app, workers: 2, config: `maxWorkerMemory: '150MiB',` });
    const before = (await server.stats()).workers.map(({ pid }) => pid);
    const load = startLoad({ port: server.port, conns: 4, seconds: 60, mode: 'keepalive' });
    await load.started;
    await fromEachWorker(server, '/grow');

    const replaced = await until(
      'both workers to be replaced',
      async () => {
        const { workers, leaving } = await server.stats();
        const fresh = workers.filter(({ pid, ready }) => ready && !before.includes(pid));
        return fresh.length === 2 && leaving.length === 0 && fresh;
      },
      30_000,
    );
    expect(replaced.map(({ generation }) => generation)).to.deep.equal([0, 0]);
    const lines = server.log('above maxWorkerMemory, replacing');
    expect(lines.map(({ pid }) => pid)).to.have.members(before);
    for (const { privateBytes, limitBytes } of lines) {
      expect(limitBytes).to.equal(150 * 2 ** 20);
      // A look may come while the worker still fills its buffer.
      expect(privateBytes).to.be.within(150 * 2 ** 20, 400 * 2 ** 20);
    }
    const told = server
      .log()
      .filter(({ msg }) => msg === 'above maxWorkerMemory, replacing' || msg === 'exited')
      .map(({ pid }) => pid);
    expect(told, 'the first is gone before the second is chosen').to.deep.equal([
      lines[0]?.pid,
      lines[0]?.pid,
      lines[1]?.pid,
      lines[1]?.pid,
    ]);

    const result = await load.stop();
    expect(failures(result), JSON.stringify(result.samples)).to.equal(0);
    const metrics = await server.metrics();
    const reason = { reason: 'memory' };
    expect(metricValue(metrics, 'pitchfork_worker_exits_total', reason)).to.equal(2);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('below what every worker needs is told, once, with the remedy', async () => {
    const greedy = { text: `export default (request, response) => response.end();` };
    const config = `maxWorkerMemory: '80MiB', afterWorkerFork() {
      setTimeout(() => (globalThis.kept = Buffer.alloc(120 * 2 ** 20, 1)), 200);
    },`;
    server = await Server.start({ app: greedy, workers: 2, config });
    const churn = () => server.log().filter(({ msg }) => msg.startsWith('every worker exceeds'));
    const [line] = await until('the warning', () => churn().length > 0 && churn(), 30_000);
    expect(line).to.include({ level: 'warn', role: 'monitor', limitBytes: 80 * 2 ** 20 });
    expect(line?.msg).to.match(
      /^every worker exceeds maxWorkerMemory \(80 MiB\) within \d+ s of its start: raise it, or /,
    );
    await until(
      'more replacements',
      () => server.log('above maxWorkerMemory, replacing')[3],
      30_000,
    );
    expect(churn()).to.have.length(1);
    await server.stop();
  });
});
