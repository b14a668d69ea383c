// Goal: reforks lose nothing under the hardest conditions: beside a single worker, beside a
// generation that does not end, and beside a hook of the monitor that takes seconds. Method: load,
// requests that never end, and the pids and generations of the stats.
import { expect } from 'chai';
import { failures, startLoad } from '../support/load.js';
import { timeOf } from '../support/log-time.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { RawConnection } from '../support/raw-connection.js';
import { fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `export default ({ url }, response) => {
    if (url !== '/never') response.end(String(process.pid));
  };`,
};

describe('generations', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('of a single worker serve without a gap (M16)', async () => {
    server = await Server.start({ app: fixtureApp('plain.mjs'), workers: 1 });
    const load = startLoad({ port: server.port, mode: 'close', conns: 4, seconds: 40 });
    await load.started;
    for (let generation = 1; generation <= 2; generation++)
      expect((await server.refork()).body).to.include({ ok: true, generation });
    const result = await load.stop();
    await expectPostConditions(server, { workers: 1, failed: failures(result) });
    await server.stop();
  });

  it('that do not end are three at most, and end at the shutdown timeout (M15)', async () => {
    server = await Server.start({ app, workers: 2, config: `shutdownTimeout: '3s',` });
    const stuck = await RawConnection.open(server.port);
    const pid = Number((await stuck.ask('/')).body);
    // The candidate is who has answered most: the other one.
    await until('the other worker to be warmer', async () => {
      const other = await RawConnection.open(server.port);
      if (Number((await other.ask('/')).body) !== pid)
        for (let request = 0; request < 20; request++) await other.ask('/');
      other.close();
      const { workers } = await server.stats();
      return workers.some((worker) => worker.pid !== pid && worker.requests > 15);
    });
    stuck.send('/never');
    const most = { generations: 0 };
    const watch = setInterval(() => {
      void server.stats().then(
        ({ workers, leaving }) => {
          const alive = new Set([...workers, ...leaving].map(({ generation }) => generation));
          most.generations = Math.max(most.generations, alive.size);
        },
        () => undefined,
      );
    }, 50);
    for (let generation = 1; generation <= 3; generation++)
      expect((await server.refork()).body).to.have.property('ok', true);
    clearInterval(watch);
    const [draining] = server.log('draining').filter((line) => line.pid === pid);
    const left = await server.logged('exited', { pid });
    expect(timeOf(left) - timeOf(draining)).to.be.within(2_900, 4_500);
    expect(most.generations).to.be.within(2, 3);
    stuck.close();
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('and workers live on while a hook of the monitor is busy (O8)', async () => {
    server = await Server.start({
      app,
      workers: 2,
      config: `heartbeatTimeout: '1s',
        afterWorkerExit() { for (const end = Date.now() + 2_000; Date.now() < end; ); },`,
    });
    const [victim, other] = (await server.stats()).workers;
    const load = startLoad({ port: server.port, mode: 'close', conns: 4, seconds: 40 });
    await load.started;
    process.kill(victim?.pid ?? 0, 'SIGTERM');
    await server.logged('exited', { pid: victim?.pid });
    await server.settled();
    const result = await load.stop();
    const { workers } = await expectPostConditions(server, {
      workers: 2,
      failed: failures(result),
    });
    expect(workers[1]?.pid).to.equal(other?.pid);
    expect(server.log('killing')).to.deep.equal([]);
    await server.stop();
  });
});
