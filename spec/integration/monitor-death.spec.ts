// Goal: nothing outlives a killed monitor by more than a second, and its addresses can be reused at
// once. Method: kill -9 at rest, beside endless loops and stopped processes, under load and in the
// middle of a refork; then another instance on the same port and control socket.
import { expect } from 'chai';
import { startLoad } from '../support/load.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { isAlive } from '../support/processes.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `
export default (request, response) => {
  if (request.url === '/spin') for (;;);
  response.end(String(process.pid));
};
`,
};

const withinMs = 1_000;

describe('a killed monitor', () => {
  let server: Server;
  let successor: Server | undefined;
  afterEach(async () => {
    await successor?.destroy();
    successor = undefined;
    await server.destroy();
  });

  /** Kills the monitor; every process of the tree must exit in time. */
  const killMonitor = async (): Promise<void> => {
    const others = server.processes().filter(({ pid }) => pid !== server.pid);
    expect(others).to.not.have.lengthOf(0);
    const killed = performance.now();
    server.signal('SIGKILL');
    const alive = (): number => others.filter(({ pid }) => isAlive(pid)).length;
    await until('its children to be gone', () => alive() === 0, 10_000);
    expect(performance.now() - killed, 'milliseconds until all were gone').to.be.below(withinMs);
    await until('strays to be gone', () => server.processes().length === 0, withinMs);
  };

  /** On the port and the control socket of the dead instance. */
  const startSuccessor = async (): Promise<void> => {
    successor = await Server.start({
      app,
      config: `listen: '127.0.0.1:${server.port}', control: ${JSON.stringify(server.control)},`,
      args: ['--control', server.control],
    });
    expect(successor.port).to.equal(server.port);
    for (let request = 0; request < 20; request++) await successor.get();
    successor.signal('SIGTERM');
    expect((await successor.exit).code).to.equal(0);
    await successor.expectNothingLeft();
  };

  it('leaves nothing behind, at rest (O1, G4)', async () => {
    server = await Server.start({ app, workers: 3 });
    await expectPostConditions(server, { workers: 3 });
    await killMonitor();
    await startSuccessor();
  });

  it('leaves nothing behind, with a worker in an endless loop (O2, G4)', async () => {
    server = await Server.start({ app, workers: 2, config: `heartbeatTimeout: '60s',` });
    const hung = await RawConnection.open(server.port);
    hung.send('/spin');
    await until('a worker to spin', () => server.processes().some(({ state }) => state === 'R'));
    await killMonitor();
    hung.close();
    await startSuccessor();
  });

  it('leaves nothing behind, under load (O1, G4)', async () => {
    server = await Server.start({ app, workers: 2 });
    const load = startLoad({ port: server.port, mode: 'keepalive', conns: 8, seconds: 60 });
    await load.started;
    await killMonitor();
    await load.stop();
    await startSuccessor();
  });

  for (const failpoint of [
    'promote.draining=sleep:5000',
    'mold.hook@1=spin:5000',
    'mold.compacting@1=sleep:5000',
    'mold.spawn@1=sleep:5000',
    'mold.forked@1=spin:5000',
    'worker.born@1=spin:5000',
    'worker.hook@1=sleep:5000',
  ])
    it(`leaves nothing behind, in a refork at ${failpoint}`, async () => {
      server = await Server.start({
        app,
        workers: 2,
        env: { PITCHFORK_FAILPOINT: failpoint },
      });
      void server.refork().catch(() => undefined);
      const step = failpoint.startsWith('promote') ? 'promoting' : 'drained, becoming a mold';
      await server.logged(failpoint.startsWith('worker') ? 'born' : step, { generation: 0 });
      if (/^(mold\.(spawn|forked)|worker)/.test(failpoint))
        await server.logged('spawning', { generation: 1 });
      await killMonitor();
      await startSuccessor();
    });

  it('leaves nothing behind, at any moment of a refork (O3)', async () => {
    for (let delay = 0; delay < 10; delay++) {
      server = await Server.start({ app, workers: 2 });
      server.signal('SIGURG');
      await server.logged('refork begins');
      const begun = performance.now();
      await until(`${delay * 40} ms of it`, () => performance.now() - begun >= delay * 40);
      await killMonitor();
      await server.destroy();
    }
  });

  it('leaves nothing behind, while the app is loaded', async () => {
    server = await Server.start({ app: { text: 'for (;;);' }, eager: true });
    await server.logged('born');
    await killMonitor();
  });
});
