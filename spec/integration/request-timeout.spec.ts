// Goal: a request that takes too long is logged and reported to the hooks, its worker is replaced
// after its successor is ready; one that never ends is ended with its connection; no other request
// loses its answer, and no worker is killed. The app can extend the timeout. Method: slow requests
// of real clients on both engines; the log, the hooks' calls and a concurrent load.
import { expect } from 'chai';
import { hasUws } from '../support/engines.js';
import { calls, recorder } from '../support/hook-calls.js';
import { failures, startLoad } from '../support/load.js';
import { timeOf } from '../support/log-time.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server } from '../support/server.js';
import { slowApps } from '../support/slow-apps.js';

const timeouts = `requestTimeout: '3s', cleanupTimeout: '3s',
  afterWorkerTimeout: record('soft'), afterWorkerHardTimeout: record('hard'),`;

describe('a request timeout', () => {
  let server: Server;
  afterEach(() => server.destroy());

  async function start(engine: 'node' | 'uws', workers = 2): Promise<void> {
    server = await Server.start({
      app: { text: slowApps[engine] },
      workers,
      prelude: recorder,
      config: `engine: '${engine}', ${timeouts}`,
    });
  }

  /** A request in flight, with the pid of its worker. */
  async function ask(path: string): Promise<{ client: RawConnection; pid: number }> {
    const client = await RawConnection.open(server.port);
    const pid = Number((await client.ask('/')).body);
    client.send(path);
    return { client, pid };
  }

  for (const engine of ['node', 'uws'] as const) {
    const when = engine === 'uws' && !hasUws ? it.skip : it;

    when(`replaces the worker, and still answers, with engine ${engine}`, async () => {
      await start(engine);
      const load = startLoad({ port: server.port, mode: 'close', conns: 4, seconds: 40 });
      await load.started;
      const { client, pid } = await ask('/slow?4500');
      const line = await server.logged('request timed out', { pid });
      expect(line).to.include({ method: 'GET', path: '/slow' });
      expect(line['ageMs']).to.be.within(3_000, 4_000);
      expect((await client.answer()).body).to.equal(String(pid));
      await server.logged('exited', { pid });
      const after = await expectPostConditions(server, { workers: 2 });
      expect(after.workers.map((worker) => worker.pid)).to.not.include(pid);
      const result = await load.stop();
      expect(failures(result), JSON.stringify(result.samples)).to.equal(0);

      const [soft] = calls(server, 'soft');
      expect(soft?.pid).to.equal(pid);
      expect(soft?.args[0]).to.include({ pid });
      expect(soft?.args[1]?.['request']).to.include({ method: 'GET', url: '/slow?4500' });
      expect(calls(server, 'hard')).to.deep.equal([]);
      const successor = server
        .log('ready')
        .find((ready) => ready.slot === line.slot && ready.pid !== pid);
      const [draining] = server.log('draining').filter((each) => each.pid === pid);
      if (!successor || !draining) throw new Error('nobody took the place');
      expect(timeOf(successor)).to.be.at.most(timeOf(draining));
      await server.stop();
    });

    when(`ends one that never ends, but not its worker, with engine ${engine} (F4)`, async () => {
      await start(engine, 1);
      const { client, pid } = await ask('/never');
      const asked = Date.now();
      const { client: begun } = await ask('/begun');
      const { client: late } = await ask('/late?7000');
      const other = await RawConnection.open(server.port);
      await other.ask('/');
      await server.logged('draining', { pid });
      other.send('/slow?4500');
      const cutting = await server.logged('cutting requests', { pid });
      expect(cutting.reason).to.match(/^GET \/never, 6\.\d s.*: did not end .*3000 \+ 3000 ms/);
      expect(timeOf(cutting) - asked).to.be.within(5_800, 8_000);
      for (const connection of [client, late]) {
        expect(await connection.answer()).to.include({ status: 503, closing: true });
        expect(await connection.ended()).to.equal('FIN');
      }
      await begun.ended();
      expect((await other.answer()).body).to.equal(String(pid));
      await server.logged('exited', { pid });
      await expectPostConditions(server, { workers: 1 });
      expect([...server.log('killing'), ...server.log('ended unexpectedly')]).to.deep.equal([]);
      expect(calls(server, 'hard')).to.deep.equal([]);
      expect(calls(server, 'soft').map((call) => call.pid)).to.deep.equal([pid]);
      await server.stop();
    });

    when(`waits as long as the app asks for, with engine ${engine}`, async () => {
      await start(engine);
      const before = await server.stats();
      const { client, pid } = await ask('/extended?4000');
      expect((await client.answer()).body).to.equal(String(pid));
      expect(server.log('request timed out')).to.deep.equal([]);
      client.send('/slow?3800');
      await server.logged('request timed out', { pid });
      expect(before.workers.map((worker) => worker.pid)).to.include(pid);
      client.close();
      await server.stop();
    });
  }
});
