// Goal: a service worker that cannot start, hangs, or does not exit costs the workers and the
// server nothing. Method: hooks that do so, with requests and rollouts meanwhile.
import { expect } from 'chai';
import { calls, recorder } from '../support/hook-calls.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { isAlive } from '../support/processes.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `export default (request, response) => response.end(String(process.pid));`,
};

describe('a service worker in trouble', () => {
  let server: Server;
  afterEach(() => server.destroy());

  async function start(config: string): Promise<void> {
    server = await Server.start({ app, workers: 2, prelude: recorder, config });
  }

  const pidOf = (): Promise<number> =>
    until('a service worker', async () => {
      const { service } = await server.stats();
      return service?.ready && service.pid;
    });

  it('that throws in its hook is tried again, and everything else goes on', async () => {
    await start(`maxConsecutiveSpawnErrors: 2,
  beforeServiceWorkerReady() { throw new Error('no queue'); },`);
    const failed = () => server.log('failed').filter(({ role }) => role === 'service');
    await until('four tries', () => failed().length >= 4);
    expect(failed()[0]?.reason).to.match(/^\S+:\d+:\d+: Error: no queue$/);
    expect(failed()[0]?.['stack']).to.match(/^at beforeServiceWorkerReady \(\S+:\d+:\d+\)$/);
    const [first, second, third, fourth] = failed().map(({ time }) => Date.parse(String(time)));
    expect((third ?? 0) - (second ?? 0)).to.be.above((second ?? 0) - (first ?? 0));
    expect((fourth ?? 0) - (third ?? 0)).to.be.above((third ?? 0) - (second ?? 0));
    expect((await server.refork()).body).to.include({ ok: true, generation: 1 });
    for (let request = 0; request < 20; request++) await server.get();
    await server.stop();
  });

  it('with a blocked event loop is killed, with its stack in the log', async () => {
    await start(`heartbeatTimeout: '2s',
  beforeServiceWorkerReady() {
    const spinning = () => { for (;;); };
    process.on('SIGURG', spinning);
  },
  afterWorkerHardTimeout: record('hard'),`);
    const pid = await pidOf();
    process.kill(pid, 'SIGURG');
    const stuck = await server.logged('event loop blocked', { pid, role: 'service' });
    expect(stuck['stack']).to.match(/^at (process\.)?spinning /);
    await server.logged('ended unexpectedly', { pid, signal: 'SIGKILL' });
    expect(calls(server, 'hard')[0]?.args[0]).to.include({ pid, role: 'service', slot: null });
    expect(await pidOf()).to.not.equal(pid);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('that overruns its time delays neither a phased restart nor a stop for long', async () => {
    await start(`shutdownTimeout: '1s',
  beforeServiceWorkerReady() {}, beforeServiceWorkerExit: () => new Promise(() => {}),`);
    const pid = await pidOf();
    expect((await server.ask('POST', '/phased-restart?wait=1')).body).to.include({ ok: true });
    const text = 'hook beforeServiceWorkerExit did not end within 1000 ms';
    await server.logged(text, { pid });
    await server.logged('exited', { pid });
    const successor = await pidOf();
    expect(successor).to.not.equal(pid);
    const stopped = performance.now();
    server.signal('SIGTERM');
    expect((await server.exit).code).to.equal(0);
    expect(performance.now() - stopped).to.be.within(1_000, 3_000);
    expect(server.log(text).map((line) => line.pid)).to.deep.equal([pid, successor]);
  });

  it('exits although its exit hook throws', async () => {
    await start(`beforeServiceWorkerReady() {},
  beforeServiceWorkerExit() { throw new Error('no goodbye'); },`);
    const pid = await pidOf();
    expect((await server.refork()).body).to.include({ ok: true });
    await server.logged('exited', { pid, code: 0 });
    const [complaint] = server.log('hook beforeServiceWorkerExit failed');
    expect(complaint?.reason).to.match(/^\S+:\d+:\d+: Error: no goodbye$/);
    expect(await pidOf()).to.not.equal(pid);
    await server.stop();
  });

  for (const how of ['at rest', 'in an endless loop'])
    it(`is gone when the monitor is killed, ${how}`, async () => {
      await start(`heartbeatTimeout: '60s',
  beforeServiceWorkerReady() { process.on('SIGURG', () => { record('spins')(); for (;;); }); },
  beforeServiceWorkerExit: record('exit'),`);
      const pid = await pidOf();
      if (how !== 'at rest') {
        process.kill(pid, 'SIGURG');
        await until('it to spin', () => calls(server, 'spins').length > 0);
      }
      server.signal('SIGKILL');
      await server.exit;
      await until('the service worker to be gone', () => !isAlive(pid), 1_500);
      expect(calls(server, 'exit')).to.have.length(how === 'at rest' ? 1 : 0);
      await until('all to be gone', () => server.processes().length === 0, 1_500);
    });

  it('is a mistake of the configuration when it has only the hook for its end', async () => {
    server = await Server.start({
      app,
      config: `beforeServiceWorkerExit() {},`,
      eager: true,
    });
    expect((await server.exit).code).to.equal(1);
    expect(server.text()).to.include('beforeServiceWorkerExit: there is no service worker without');
  });
});
