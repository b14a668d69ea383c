// Goal: the control socket is private, answers as documented, and refuses the rest with a reason.
// Method: real requests to a real server, one after the other, and a second server for the same
// socket.
import { statSync } from 'node:fs';
import { expect } from 'chai';
import { fixtureApp, Server, withDeadline } from '../support/server.js';
import { isAlive } from '../support/processes.js';

const app = fixtureApp('plain.mjs');

describe('control socket', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('belongs to its owner alone', async () => {
    server = await Server.start({ app, workers: 1 });
    const { mode, uid } = statSync(server.control);
    expect((mode & 0o777).toString(8)).to.equal('600');
    expect(uid).to.equal(process.getuid?.());
    await server.stop();
  });

  it('lies in a directory of its owner’s own by default', async () => {
    server = await Server.start({
      app,
      workers: 1,
      config: 'control: undefined,',
      prelude: `process.env.XDG_RUNTIME_DIR = new URL('.', import.meta.url).pathname;`,
    });
    const control = server.log('monitor started')[0]?.['control'];
    expect(control).to.be.a('string');
    const path = String(control);
    const directory = path.slice(0, path.lastIndexOf('/'));
    expect((statSync(path).mode & 0o777).toString(8)).to.equal('600');
    expect((statSync(directory).mode & 0o777).toString(8)).to.equal('700');
    await server.stop();
  });

  it('reports the stats in the documented form', async () => {
    server = await Server.start({ app, workers: 2 });
    const { status, body } = await server.ask('GET', '/stats');
    expect(status).to.equal(200);
    const stats = await server.stats();
    expect(body).to.have.all.keys(
      ...['pid', 'phase', 'generation', 'restarts', 'shuttingDown', 'mold', 'workers', 'leaving'],
      ...['service', 'refork', 'deaths', 'rollback', 'versions'],
    );
    expect(stats).to.include({ pid: server.pid, phase: 0, generation: 0, shuttingDown: false });
    expect(stats.mold).to.have.all.keys('pid', 'generation', 'phase', 'ready');
    expect(stats.mold).to.include({ generation: 0, phase: 0, ready: true });
    expect(stats.leaving).to.deep.equal([]);
    expect(stats.workers.map(({ slot }) => slot)).to.deep.equal([0, 1]);
    for (const worker of stats.workers) {
      expect(worker).to.have.all.keys(
        ...['slot', 'pid', 'generation', 'phase', 'ready', 'requests', 'inFlight', 'backlog'],
        ...['age', 'heartbeatAge', 'eventLoopLag', 'memory'],
        ...['state', 'deaths', 'deathsWithinMs', 'reason', 'nextTryInMs'],
      );
      expect(worker).to.include({ state: 'serving', deaths: 0, reason: null, nextTryInMs: null });
      expect(worker).to.include({ generation: 0, phase: 0, ready: true, inFlight: 0, backlog: 0 });
      expect(worker.heartbeatAge).to.be.within(0, 10);
      const { memory } = worker;
      expect(memory).to.have.all.keys('rss', 'pss', 'private', 'shared');
      expect(memory?.rss).to.be.above(memory?.pss ?? Infinity);
      expect(memory?.pss).to.be.above(memory?.private ?? Infinity);
    }
    expect(stats.refork).to.include({ state: 'idle', lastError: null });
    expect(stats.versions).to.include({ node: process.versions.node });
    await server.stop();
  });

  it('reforks, and with wait=1 answers when it is done', async () => {
    server = await Server.start({ app, workers: 2 });
    expect(await server.ask('POST', '/refork?wait=1')).to.deep.include({ status: 200 });
    const { generation, refork } = await server.stats();
    expect({ generation, state: refork.state }).to.deep.equal({ generation: 1, state: 'idle' });
    expect(await server.ask('POST', '/refork')).to.deep.equal({ status: 200, body: { ok: true } });
    await server.settled(2);
    await server.stop();
  });

  it('adds and removes workers, down to one', async () => {
    server = await Server.start({ app, workers: 1 });
    const change = async (path: string, workers: number): Promise<void> => {
      const { status, body } = await server.ask('POST', path);
      expect(status).to.equal(200);
      expect(body).to.deep.equal({ ok: true, workers });
      const { workers: serving } = await server.settled();
      expect(serving.map(({ slot }) => slot)).to.deep.equal([...Array(workers).keys()]);
    };
    await change('/workers/add', 2);
    await change('/workers/add', 3);
    await change('/workers/remove', 2);
    await change('/workers/remove', 1);
    const { status, body } = await server.ask('POST', '/workers/remove');
    expect(status).to.equal(409);
    expect(body).to.deep.equal({ ok: false, error: 'one worker is the least' });
    await server.stop();
  });

  it('stops the server, and with wait=1 answers when all processes have exited', async () => {
    server = await Server.start({ app, workers: 2 });
    const { workers, mold } = await server.stats();
    const children = [mold?.pid ?? 0, ...workers.map(({ pid }) => pid)];
    const { body } = await server.ask('POST', '/stop?wait=1');
    expect(body).to.deep.equal({ ok: true });
    expect(children.filter(isAlive)).to.deep.equal([]);
    await server.stop();
  });

  it('refuses unknown requests', async () => {
    server = await Server.start({ app, workers: 1 });
    const refusal = async (method: 'GET' | 'POST', path: string): Promise<unknown> => {
      const { status, body } = await server.ask(method, path);
      return [status, (body as { error: string }).error];
    };
    expect(await refusal('GET', '/refork')).to.deep.equal([405, 'use POST']);
    expect(await refusal('POST', '/stats')).to.deep.equal([405, 'use GET']);
    expect(await refusal('GET', '/nothing')).to.deep.equal([404, 'unknown command /nothing']);
    expect(await refusal('POST', '/constructor')).to.deep.equal([
      404,
      'unknown command /constructor',
    ]);
    expect((await server.stats()).generation).to.equal(0);
    await server.stop();
  });

  it('is not taken from a running server', async () => {
    server = await Server.start({ app, workers: 1 });
    const second = await Server.start({
      app,
      workers: 1,
      config: `control: ${JSON.stringify(server.control)},`,
      eager: true,
    });
    try {
      const { code } = await withDeadline(second.exit, 20_000, 'the second server to give up');
      expect(code).to.equal(1);
      const lines = second.text().trim().split('\n');
      expect(lines.length, second.text()).to.equal(1);
      expect(lines[0]).to.include(
        `process ${server.pid} already runs with control socket ${server.control}`,
      );
      expect(second.processes()).to.deep.equal([]);
    } finally {
      await second.destroy();
    }
    expect((await server.stats()).pid).to.equal(server.pid);
    await server.get();
    await server.stop();
  });
});
