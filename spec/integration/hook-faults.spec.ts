// Goal: a hook that throws, rejects or never resolves has the effect that hooks.ts documents and no
// other: a fork, a mold or a worker before it serves; otherwise a line in the log. Method: hooks
// that fail once or always; the log, the calls and real requests.
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { calls, recorder } from '../support/hook-calls.js';
import { failures, startLoad } from '../support/load.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { Server, type ServerOptions } from '../support/server.js';

const app = {
  text: `export default (request, response) => response.end(JSON.stringify({ pid: process.pid }));`,
};

/** `once(name)` is true the first time that any process of the server asks. */
const prelude = `${recorder}
import { mkdirSync } from 'node:fs';
const once = (name) => {
  try {
    mkdirSync(new URL('./' + name, import.meta.url));
    return true;
  } catch {
    return false;
  }
};
const never = () => new Promise((resolve) => setTimeout(resolve, 60_000));
`;

const logged = [
  { name: 'afterMonitorReady', line: 'hook failed' },
  { name: 'afterBooted', line: 'hook failed' },
  { name: 'afterWorkerExit', line: 'hook failed' },
  { name: 'afterFork', line: 'hook afterFork failed' },
  { name: 'afterWorkerReady', line: 'hook afterWorkerReady failed' },
  { name: 'afterRequestComplete', line: 'hook afterRequestComplete failed' },
  { name: 'beforeWorkerExit', line: 'hook beforeWorkerExit failed' },
] as const;

const waysToFail = [
  { way: 'throws', body: `() => { throw new Error('refused'); }` },
  { way: 'rejects', body: `async () => { await pause(5); throw new Error('refused'); }` },
] as const;

/** With the place in the configuration. */
const refused = /^\S+:\d+:\d+: Error: refused$/;

describe('a hook that fails', () => {
  let server: Server;
  afterEach(() => server.destroy());

  async function start(config: string, options: Partial<ServerOptions> = {}): Promise<void> {
    server = await Server.start({ app, prelude, config, ...options });
  }

  const booted = (): Promise<unknown> => server.logged('all workers are ready', {}, 30_000);

  function expectPaired(): void {
    const names = calls(server).map(({ name }) => name);
    const count = (name: string): number => names.filter((each) => each === name).length;
    expect(count('beforeFork')).to.be.above(0);
    expect(count('afterFork')).to.equal(count('beforeFork'));
  }

  for (const { way, body } of waysToFail)
    it(`is logged, and nothing else, when it ${way} and nothing depends on it (O7, C11)`, async () => {
      await start(logged.map(({ name }) => `${name}: ${body},`).join('\n'));
      await server.get();
      await server.refork();
      await expectPostConditions(server, { workers: 2 });
      for (const { line } of logged.filter(({ line }) => line !== 'hook failed'))
        expect((await server.logged(line)).reason).to.match(refused);
      const named = server.log('hook failed').map(({ hook }) => hook);
      expect(named).to.include.members(['afterMonitorReady', 'afterBooted', 'afterWorkerExit']);
      expect(server.log('ended unexpectedly')).to.deep.equal([]);
      await server.stop();
    });

  for (const { way, body } of waysToFail)
    it(`costs one fork when beforeFork ${way}, and the next try succeeds (C11)`, async () => {
      await start(
        `beforeFork: [record('beforeFork'), ({ slot }) => {
          if (slot === 1 && once('refused')) return (${body})();
        }],
        afterFork: record('afterFork'),`,
      );
      const failed = await server.logged('could not fork');
      expect(failed.reason).to.match(refused);
      const tries = calls(server, 'afterFork').filter(({ args }) => args[0]?.['slot'] === 1);
      expect(tries[0]?.args[0]).to.include({ pid: null, error: 'Error: refused' });
      expect(tries[1]?.args[0]?.['pid']).to.be.a('number');
      expectPaired();
      await expectPostConditions(server, { workers: 2 });
      await server.stop();
    });

  it('costs one worker before it serves when afterWorkerFork throws', async () => {
    await start(`afterWorkerFork() { if (once('refused')) throw new Error('refused'); },`);
    expect((await server.logged('failed')).reason).to.match(refused);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('ends the boot when no worker can start, after as many tries as allowed', async () => {
    await start(
      `maxConsecutiveSpawnErrors: 3,
      afterWorkerFork: [record('afterWorkerFork'), () => { throw new Error('refused'); }],`,
      { workers: 1, eager: true },
    );
    expect((await server.exit).code).to.equal(1);
    expect(calls(server, 'afterWorkerFork')).to.have.length(3);
    expect(server.text().trimEnd().split('\n').slice(-1)[0]).to.match(/refused|starts in a row/);
    await server.expectNothingLeft();
  });

  it('ends the boot when afterMoldFork throws in the first mold', async () => {
    await start(`afterMoldFork() { throw new Error('refused'); },`, { eager: true });
    expect((await server.exit).code).to.equal(1);
    expect(server.log('giving up')[0]?.reason).to.match(
      /afterMoldFork: \S+:\d+:\d+: Error: refused/,
    );
    await server.expectNothingLeft();
  });

  it('is bounded by spawnTimeout when beforeFork never resolves', async () => {
    await start(
      `spawnTimeout: '4s',
      beforeFork() { if (once('hung')) return never(); },`,
      { eager: true },
    );
    await server.logged('killing', { reason: 'did not answer the order to fork' }, 20_000);
    await booted();
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('is bounded by spawnTimeout when afterWorkerFork never resolves (W15, C11)', async () => {
    await start(
      `spawnTimeout: '4s',
      afterWorkerFork() { if (once('hung')) return never(); },`,
      { eager: true },
    );
    await server.logged('killing', { reason: 'not ready within 4000 ms' }, 20_000);
    await booted();
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('is bounded by shutdownTimeout when beforeWorkerExit never resolves', async () => {
    await start(`shutdownTimeout: '1s', beforeWorkerExit: never,`);
    const sent = performance.now();
    server.signal('SIGTERM');
    expect((await server.exit).code).to.equal(0);
    expect(performance.now() - sent).to.be.within(1_000, 3_000);
    await server.expectNothingLeft();
  });

  it('delays nothing when one of the monitor, or of a serving worker, never resolves', async () => {
    await start(
      ['afterMonitorReady', 'afterBooted', 'afterWorkerExit', 'afterWorkerReady']
        .concat('afterRequestComplete')
        .map((name) => `${name}: never,`)
        .join('\n'),
    );
    await server.get();
    expect((await server.refork()).body).to.include({ ok: true, generation: 1 });
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });
});

const cgroups = '/sys/fs/cgroup/pids';

describe('a fork that the kernel refuses', () => {
  let server: Server;
  let group = '';

  beforeEach(function () {
    group = `${cgroups}/pitchfork-spec-${process.pid}`;
    try {
      mkdirSync(group);
    } catch {
      this.skip(); // No cgroups v2 here, or no permission to use them.
    }
    if (!existsSync(`${group}/pids.max`)) this.skip();
  });

  afterEach(async () => {
    await server?.destroy();
    if (existsSync(group)) rmdirSync(group);
  });

  it('is reported to afterFork, and repeated once the kernel allows it (R1)', async () => {
    server = await Server.start({
      app,
      prelude,
      config: `beforeFork: record('beforeFork'), afterFork: record('afterFork'),`,
    });
    for (const { pid } of server.processes()) writeFileSync(`${group}/cgroup.procs`, String(pid));
    const [victim, other] = (await server.stats()).workers;
    const load = startLoad({ port: server.port, conns: 2, seconds: 40, mode: 'close' });
    await load.started;
    writeFileSync(`${group}/pids.max`, '1');
    process.kill(Number(victim?.pid), 'SIGKILL');
    const refused = await server.logged('could not fork');
    expect(refused.reason).to.match(/EAGAIN/);
    const told = calls(server, 'afterFork').find(({ args }) => args[0]?.['error'] !== undefined);
    expect(told?.args[0]).to.include({ pid: null, slot: victim?.slot });
    expect(told?.args[0]?.['error']).to.match(/EAGAIN/);
    expect((await server.stats()).workers.find(({ ready }) => ready)?.pid).to.equal(other?.pid);

    writeFileSync(`${group}/pids.max`, 'max');
    await expectPostConditions(server, { workers: 2 });
    const result = await load.stop();
    expect(failures(result), JSON.stringify(result.samples)).to.be.at.most(2);
    const count = (name: string): number => calls(server, name).length;
    expect(count('afterFork')).to.equal(count('beforeFork'));
    await server.stop();
  });
});
