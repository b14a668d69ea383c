// Goal: connections are spread over the workers, and none is ever lost with the worker that would
// have accepted it. Method: the listening sockets are read from /proc; workers are stopped, killed
// and taken away while connections wait for them.
import { expect } from 'chai';
import { runCommand } from '../support/command.js';
import { failures, startLoad } from '../support/load.js';
import { baseline, expectPostConditions } from '../support/post-conditions.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server, fixtureApp } from '../support/server.js';
import { listenersOf } from '../support/shared-files.js';
import { until } from '../support/until.js';

const app = fixtureApp('plain.mjs');
const shared = `listen: { address: '127.0.0.1:0', queues: 1 },`;

interface Answer {
  readonly pid: number;
}

async function openMany(port: number, count: number): Promise<RawConnection[]> {
  return Promise.all(Array.from({ length: count }, () => RawConnection.open(port)));
}

async function answererOf(connection: RawConnection): Promise<number> {
  return (JSON.parse((await connection.answer()).body) as Answer).pid;
}

describe('the listening queues', () => {
  let server: Server;
  const open: RawConnection[] = [];
  afterEach(() => {
    for (const connection of open.splice(0)) connection.close();
    return server.destroy();
  });

  it('are one per worker, held by the monitor, and one in each worker', async () => {
    server = await Server.start({ app, workers: 4 });
    const { workers, mold } = await server.stats();
    expect(listenersOf(server.pid, server.port)).to.equal(4);
    for (const { pid } of workers) expect(listenersOf(pid, server.port)).to.equal(1);
    expect(listenersOf(mold?.pid ?? 0, server.port), 'listeners of the mold').to.equal(0);
    await server.stop();
  });

  it('spread keep-alive connections over all workers', async () => {
    server = await Server.start({ app, workers: 4 });
    const counts = new Map<number, number>();
    open.push(...(await openMany(server.port, 32)));
    for (const connection of open) connection.send('/');
    for (const connection of open) {
      const pid = await answererOf(connection);
      counts.set(pid, (counts.get(pid) ?? 0) + 1);
    }
    // The kernel draws the queue by a hash: a worker with none of 32 occurs once in 2,500 runs, one
    // with more than 20 hardly ever.
    expect([...counts.keys()]).to.have.lengthOf.within(3, 4);
    expect(Math.max(...counts.values())).to.be.at.most(20);
    await server.stop();
  });

  it('can be a single one, which an idle worker serves for a stopped one', async () => {
    server = await Server.start({ app, workers: 2, config: `${shared} heartbeatTimeout: '60s',` });
    const { workers } = await server.stats();
    expect(listenersOf(server.pid, server.port)).to.equal(1);
    for (const { pid } of workers) expect(listenersOf(pid, server.port)).to.equal(1);
    const [stopped, other] = workers.map(({ pid }) => pid);
    process.kill(stopped ?? 0, 'SIGSTOP');
    for (let request = 0; request < 50; request++)
      expect((JSON.parse(await server.get()) as Answer).pid).to.equal(other);
    process.kill(stopped ?? 0, 'SIGCONT');
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  for (const [name, config] of [
    ['per-worker', ''],
    ['1', shared],
  ] as const)
    it(`keep connections to a stopped worker until its successor is there (${name}) (D9)`, async () => {
      server = await Server.start({
        app,
        workers: 2,
        config: `${config} heartbeatTimeout: '1s', spawnTimeout: '20s',`,
      });
      const before = await baseline(server);
      const { workers } = await server.stats();
      // Both, so that no other worker can answer.
      for (const { pid } of workers) process.kill(pid, 'SIGSTOP');
      open.push(...(await openMany(server.port, 100)));
      for (const connection of open) connection.send('/');
      const pids = await Promise.all(open.map(answererOf));
      for (const { pid } of workers) {
        expect(pids).to.not.include(pid);
        await server.logged('killing', { pid });
      }
      for (const connection of open.splice(0)) connection.close();
      await expectPostConditions(server, { workers: 2, baseline: before });
      await server.stop();
    });

  it('keep connections to a killed worker', async () => {
    server = await Server.start({ app, workers: 1 });
    for (let round = 0; round < 5; round++) {
      const [victim] = (await server.stats()).workers;
      process.kill(victim?.pid ?? 0, 'SIGSTOP');
      const waiting = await openMany(server.port, 50);
      open.push(...waiting);
      for (const connection of waiting) connection.send('/');
      process.kill(victim?.pid ?? 0, 'SIGKILL');
      const pids = await Promise.all(waiting.map(answererOf));
      expect(new Set(pids).size, 'one successor').to.equal(1);
      expect(pids[0]).to.not.equal(victim?.pid);
      await server.settled();
    }
    await server.stop();
  });

  it('lose nothing when their worker is taken away, and have a server ever after', async () => {
    server = await Server.start({ app, workers: 4 });
    const load = startLoad({ port: server.port, mode: 'close', conns: 8, seconds: 60 });
    await load.started;
    for (const workers of [3, 2, 1]) {
      server.signal('SIGTTOU');
      await server.logged('number of workers changed', { workers });
      await until(`${workers} workers`, async () => {
        const { workers: serving, leaving, refork } = await server.stats();
        return serving.length === workers && leaving.length === 0 && refork.state === 'idle';
      });
    }
    const result = await load.stop();
    expect(failures(result), JSON.stringify(result)).to.equal(0);
    expect(result.ok).to.be.greaterThan(100);
    await expectPostConditions(server, { workers: 1 });
    const [last] = (await server.stats()).workers;
    expect(listenersOf(server.pid, server.port), 'of the monitor').to.equal(4);
    expect(listenersOf(last?.pid ?? 0, server.port), 'of the last worker').to.equal(4);
    for (let request = 0; request < 200; request++) await server.get();
    await server.stop();
  });

  it('lose nothing when workers are added again', async () => {
    server = await Server.start({ app, workers: 3 });
    const control = ['--control', server.control];
    for (const workers of [2, 1]) {
      expect((await runCommand(['remove-worker', ...control])).code).to.equal(0);
      await expectPostConditions(server, { workers });
    }
    const load = startLoad({ port: server.port, mode: 'close', conns: 8, seconds: 60 });
    await load.started;
    for (const workers of [2, 3, 4]) {
      expect((await runCommand(['add-worker', ...control])).code).to.equal(0);
      await until(`${workers} workers`, async () => {
        const stats = await server.stats();
        const done = stats.refork.state === 'idle' && stats.leaving.length === 0;
        return done && stats.workers.filter(({ ready }) => ready).length === workers;
      });
    }
    const result = await load.stop();
    const { workers } = await expectPostConditions(server, {
      workers: 4,
      failed: failures(result),
    });
    for (const { pid } of workers) expect(listenersOf(pid, server.port)).to.equal(1);
    for (let request = 0; request < 200; request++) await server.get();
    await server.stop();
  });
});
