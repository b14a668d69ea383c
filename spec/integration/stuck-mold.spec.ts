// Goal: a mold that does not carry out an order to fork is killed, and the slot is filled by the
// next one. Method: failpoints and signals that keep a mold from forking.
import { expect } from 'chai';
import { failures, startLoad } from '../support/load.js';
import { timeOf } from '../support/log-time.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { Server, fixtureApp } from '../support/server.js';

const app = fixtureApp('plain.mjs');

describe('a mold that does not carry out an order to fork', () => {
  let server: Server;
  afterEach(() => server.destroy());

  for (const action of ['stop', 'sleep:60000', 'spin:60000'])
    it(`is killed at the spawn timeout and replaced, with mold.spawn=${action}`, async () => {
      server = await Server.start({
        app,
        workers: 2,
        config: `spawnTimeout: '6s',`,
        // The first mold cannot fork; its successors can.
        env: { PITCHFORK_FAILPOINT: `mold.spawn@0=${action}` },
      });
      const [killing, ...more] = server.log('killing').filter(({ role }) => role === 'mold');
      expect(killing?.reason).to.equal('did not answer the order to fork');
      expect(more).to.deep.equal([]);
      const ordered = server.log('spawning')[0];
      expect(timeOf(killing) - timeOf(ordered)).to.be.within(5_950, 8_000);
      const { generation } = await expectPostConditions(server, { workers: 2 });
      expect(generation).to.equal(1);
      await server.stop();
    });

  it('is replaced while the workers serve on, and the slot is filled in the end (M8)', async () => {
    server = await Server.start({ app, workers: 3, config: `spawnTimeout: '6s',` });
    const { mold, workers } = await server.stats();
    const load = startLoad({ port: server.port, mode: 'close', conns: 4, seconds: 60 });
    await load.started;
    process.kill(mold?.pid ?? 0, 'SIGSTOP');
    process.kill(workers[0]?.pid ?? 0, 'SIGKILL');
    await server.logged('killing', { pid: mold?.pid, reason: 'did not answer the order to fork' });
    await server.settled(1);
    const result = await load.stop();
    expect(result.refused + result.bad_status + result.timeout, JSON.stringify(result)).to.equal(0);
    expect(failures(result), JSON.stringify(result)).to.be.at.most(4);
    await expectPostConditions(server, { workers: 3 });
    await server.stop();
  });

  it('is asked again after a failed fork, and replaced after two (M10)', async () => {
    server = await Server.start({
      app,
      workers: 2,
      env: { PITCHFORK_FAILPOINT: 'mold.spawn@0=throw' },
    });
    expect(server.log('could not fork').length).to.be.at.least(2);
    const killing = server.log('killing').filter(({ role }) => role === 'mold');
    expect(killing.map(({ reason }) => reason)).to.deep.equal(['cannot fork']);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });
});
