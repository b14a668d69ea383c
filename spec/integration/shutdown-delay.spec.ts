// Goal: a load balancer can turn away before anything is refused: readiness fails and every worker
// is informed, while everything is still accepted and served. Method: requests to a server that was
// ordered to stop.
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { failures, startLoad } from '../support/load.js';
import { Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const index = new URL('../../lib/index.js', import.meta.url);

const app = `
import { worker } from ${JSON.stringify(index)};
export default (request, response) => {
  const { slot, shuttingDown } = worker;
  response.end(JSON.stringify({ pid: process.pid, slot, shuttingDown }));
};
`;

const noticesWithinMs = 400;

describe('a server with a shutdown delay', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const start = async (delay: string): Promise<void> => {
    server = await Server.start({
      app: { text: app },
      workers: 3,
      config: `shutdownDelay: '${delay}',`,
    });
  };
  const readiness = async (): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${server.metricsPort}/ready`);
    return `${response.status} ${await response.text()}`;
  };
  const knowing = async (): Promise<boolean[]> => {
    const answers = await fromEachWorker<{ pid: number; shuttingDown: boolean }>(server, '/');
    return [...answers.values()].map(({ shuttingDown }) => shuttingDown);
  };

  it('serves on without a loss while readiness fails, then stops (D13)', async () => {
    await start('3s');
    expect(await readiness()).to.equal('200 ready\n');
    expect(await knowing()).to.deep.equal([false, false, false]);
    const load = startLoad({ port: server.port, mode: 'close', conns: 2, seconds: 30 });
    await load.started;

    const before = performance.now();
    server.signal('SIGTERM');
    await until('readiness to say no', async () => (await readiness()) === '503 stopping\n');
    await until('all workers to know', async () => (await knowing()).every(Boolean));
    expect(performance.now() - before, 'ms to notice').to.be.below(3_000 - noticesWithinMs);

    const [victim] = (await server.stats()).workers;
    process.kill(victim?.pid ?? 0, 'SIGTERM');
    await until('its slot to be served again', async () => {
      const { workers } = await server.stats();
      return workers.length === 3 && workers.every((w) => w.ready && w.pid !== victim?.pid);
    });
    expect(await knowing()).to.deep.equal([true, true, true]);
    expect(server.log('draining')).to.deep.equal([]);
    const result = await load.stop();
    expect(failures(result), JSON.stringify(result.samples)).to.equal(0);
    const { code } = await withDeadline(server.exit, 15_000, 'the server to stop');
    expect(code).to.equal(0);
    expect(performance.now() - before, 'ms until it was gone').to.be.above(3_000);
    await server.expectNothingLeft();
  });

  it('does not wait after a second request, for an immediate stop', async () => {
    await start('1h');
    server.signal('SIGTERM');
    await until('readiness to say no', async () => (await readiness()) === '503 stopping\n');
    server.signal('SIGINT');
    const { code } = await withDeadline(server.exit, 5_000, 'the server to stop');
    expect(code).to.equal(0);
    await server.expectNothingLeft();
  });
});

describe('readiness', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('fails while the server boots, and liveness succeeds', async () => {
    server = await Server.start({
      app: { text: 'await new Promise((r) => setTimeout(r, 2_000)); export default () => 0;' },
      workers: 1,
      eager: true,
    });
    await server.logged('monitor started');
    const ask = async (path: string): Promise<number> =>
      (await fetch(`http://127.0.0.1:${server.metricsPort}${path}`)).status;
    expect([await ask('/ready'), await ask('/healthz')]).to.deep.equal([503, 200]);
    await server.logged('all workers are ready');
    expect([await ask('/ready'), await ask('/healthz')]).to.deep.equal([200, 200]);
    await server.stop();
  });
});
