// Goal: with its hook there is one service worker, of the newest code and mold, which accepts
// nothing; only one runs at a time. Method: hooks that record their calls, the log's order, /proc.
import { expect } from 'chai';
import { calls, recorder } from '../support/hook-calls.js';
import { expectPostConditions, metricValue } from '../support/post-conditions.js';
import { descriptors, processOf } from '../support/processes.js';
import { fixtureApp, Server, type LiveStats, type ServerOptions } from '../support/server.js';
import { listeningSockets } from '../support/shared-files.js';
import { until } from '../support/until.js';

const index = JSON.stringify(new URL('../../lib/index.js', import.meta.url));
const app = {
  text: `export default (request, response) => response.end(String(process.pid));`,
};
const hooks = `beforeServiceWorkerReady: record('ready'), beforeServiceWorkerExit: record('exit'),`;

type ServiceStats = NonNullable<LiveStats['service']>;

describe('the service worker', () => {
  let server: Server;
  afterEach(() => server.destroy());

  async function start(options: Partial<ServerOptions> = {}): Promise<ServiceStats> {
    server = await Server.start({ app, workers: 2, prelude: recorder, config: hooks, ...options });
    return running();
  }

  /** Waits for a service worker that is ready, other than `before`. */
  const running = (before?: ServiceStats): Promise<ServiceStats> =>
    until('a service worker', async () => {
      const { service } = await server.stats();
      return service?.ready && service.pid !== before?.pid ? service : null;
    });

  /** Its output remains to be read. */
  async function stop(): Promise<void> {
    server.signal('SIGTERM');
    expect((await server.exit).code).to.equal(0);
    await server.expectNothingLeft();
  }

  /** The log's lines about service workers, one word for each. */
  const story = (): string[] =>
    server
      .log()
      .filter(({ role }) => role === 'service')
      .map(({ msg, generation }) => `${msg} ${generation}`);

  const started = (generation: number): string[] =>
    ['spawning', 'born', 'ready'].map((word) => `${word} ${generation}`);
  const ended = (generation: number): string[] =>
    ['draining', 'exited'].map((word) => `${word} ${generation}`);

  it('is a process of its own, which listens on nothing', async () => {
    const { pid, memory, ...service } = await start();
    expect(service).to.include({ generation: 0, phase: 0, ready: true });
    expect(memory?.private).to.be.above(0);
    const { title, parent, group } = processOf(pid) ?? {};
    expect({ title, parent, group }).to.deep.equal({
      title: 'pitchfork-ts (gen:0) service',
      parent: server.pid,
      group: pid,
    });
    const listening = listeningSockets();
    for (const kind of descriptors(pid).values())
      expect(listening.has(/\[(\d+)\]/.exec(kind)?.[1] ?? ''), kind).to.equal(false);
    expect(calls(server, 'ready')).to.deep.equal([
      { name: 'ready', pid, args: [{ generation: 0, phase: 0, pid }] },
    ]);
    const metrics = await server.metrics();
    const bytes = metricValue(metrics, 'pitchfork_process_memory_bytes', { role: 'service' });
    expect(bytes).to.be.above(0);
    expect(metricValue(metrics, 'pitchfork_workers', { state: 'serving' })).to.equal(2);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('does not exist without its hook', async () => {
    server = await Server.start({ app, workers: 2 });
    expect((await expectPostConditions(server, { workers: 2 })).service).to.equal(null);
    await server.stop();
  });

  it('is replaced after a refork and a phased restart, the old one gone before', async () => {
    const first = await start();
    expect((await server.refork()).body).to.include({ ok: true });
    const second = await running(first);
    expect(second).to.include({ generation: 1, phase: 0 });
    expect((await server.ask('POST', '/phased-restart?wait=1')).body).to.include({ ok: true });
    const third = await running(second);
    expect(third).to.include({ generation: 0, phase: 1 });
    expect(story()).to.deep.equal([
      ...started(0),
      ...ended(0),
      ...started(1),
      ...ended(1),
      ...started(0),
    ]);
    expect(
      calls(server)
        .filter(({ name }) => name === 'ready' || name === 'exit')
        .map(({ name, pid }) => [name, pid]),
    ).to.deep.equal([
      ['ready', first.pid],
      ['exit', first.pid],
      ['ready', second.pid],
      ['exit', second.pid],
      ['ready', third.pid],
    ]);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('is started again when it is killed, and beforeFork gets no slot for it', async () => {
    const config = `${hooks} beforeFork: record('fork'), afterWorkerExit: record('gone'),`;
    const first = await start({ config });
    process.kill(first.pid, 'SIGKILL');
    const second = await running(first);
    expect(second.generation).to.equal(0);
    expect(calls(server, 'exit')).to.deep.equal([]);
    const [gone] = calls(server, 'gone');
    expect(gone?.args[0]).to.include({ pid: first.pid, role: 'service', slot: null });
    expect(calls(server, 'fork').filter(({ args }) => args[0]?.['slot'] === null)).to.have.length(
      2,
    );
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('exits in good order on TERM, and at the app’s request, and is replaced', async () => {
    const first = await start({
      prelude: `${recorder}\nimport { worker } from ${index};`,
      config: `
  beforeServiceWorkerReady() {
    record('handle')({ slot: worker.slot, pid: worker.pid, shuttingDown: worker.shuttingDown });
    process.on('SIGURG', () => worker.exit());
  },
  beforeServiceWorkerExit() { record('handle')({ shuttingDown: worker.shuttingDown }); },`,
    });
    process.kill(first.pid, 'SIGTERM');
    const second = await running(first);
    process.kill(second.pid, 'SIGURG');
    await running(second);
    const told = calls(server, 'handle').map(({ args }) => args[0]);
    expect(told.slice(0, 4)).to.deep.equal([
      { slot: null, pid: first.pid, shuttingDown: false },
      { shuttingDown: true },
      { slot: null, pid: second.pid, shuttingDown: false },
      { shuttingDown: true },
    ]);
    for (const { pid } of [first, second]) await server.logged('exited', { pid, code: 0 });
    await server.stop();
  });

  it('finishes its work at a stop, while the server waits for it', async () => {
    const { pid } = await start({
      config: `
  beforeServiceWorkerReady: record('ready'),
  async beforeServiceWorkerExit() { record('begins')(); await pause(500); record('ends')(); },`,
    });
    await stop();
    const order = calls(server).map((call) => [call.name, call.pid]);
    expect(order).to.deep.equal(['ready', 'begins', 'ends'].map((name) => [name, pid]));
  });

  it('is informed at once of a stop, and works on until then', async () => {
    const { pid } = await start({
      prelude: `${recorder}\nimport { worker } from ${index};`,
      config: `shutdownDelay: '1s',
  beforeServiceWorkerReady() {
    setInterval(() => { if (worker.shuttingDown) record('sees')(); }, 10);
  },
  beforeServiceWorkerExit: record('exit'),`,
    });
    server.signal('SIGTERM');
    await until('it to see that', () => calls(server, 'sees').length > 0);
    expect(server.log('draining')).to.deep.equal([]);
    expect((await server.exit).code).to.equal(0);
    expect(calls(server, 'exit').map((call) => call.pid)).to.deep.equal([pid]);
  });

  it('adds the app’s counts to the metrics, which keep them after its exit', async () => {
    const first = await start({
      app: fixtureApp('prom-client-jobs.mjs'),
      config: `beforeServiceWorkerReady() { globalThis.work(); },
  beforeServiceWorkerExit() { globalThis.work(); },`,
    });
    const jobs = async () => metricValue(await server.metrics(), 'app_jobs_total');
    expect(await jobs()).to.equal(1);
    await server.refork();
    await running(first);
    expect(await jobs()).to.equal(3);
    await server.stop();
  });

  it('is booted afresh where the app cannot be forked', async () => {
    const { pid } = await start({
      app: {
        text: `import { worker } from ${index}; worker.noLongerForkSafe('story'); ${app.text}`,
      },
    });
    expect((await server.stats()).mold).to.equal(null);
    expect(processOf(pid)?.title).to.equal('pitchfork-ts (gen:0) service');
    expect(calls(server, 'ready').map((call) => call.pid)).to.deep.equal([pid]);
    await stop();
    expect(calls(server, 'exit').map((call) => call.pid)).to.deep.equal([pid]);
  });
});
