// Goal: TERM wins over a refork at every step: the server exits in time, with exit code 0, and
// leaves nothing behind. Method: failpoints hold the refork at each of its steps, for longer than
// the server may take.
import { expect } from 'chai';
import { failpoints, type Failpoint } from '../../lib/life/process/failpoint.js';
import { reached } from '../support/reached.js';
import { fixtureApp, Server, withDeadline } from '../support/server.js';

const shutdownTimeoutMs = 1_000;
const withinMs = shutdownTimeoutMs + 2_000;

const steps = failpoints.filter((name) => name !== 'boot.loaded');

describe('TERM during a refork', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const start = async (step: Failpoint, act: string): Promise<Server> => {
    const hooks = step === 'service.hook' ? 'beforeServiceWorkerReady() {},' : '';
    server = await Server.start({
      app: fixtureApp('plain.mjs'),
      workers: 2,
      config: `shutdownTimeout: ${shutdownTimeoutMs}, ${hooks}`,
      env: { PITCHFORK_FAILPOINT: `${step}@1=${act}` },
    });
    return server;
  };

  async function expectToLeave(): Promise<void> {
    const sent = performance.now();
    server.signal('SIGTERM');
    const { code } = await withDeadline(server.exit, 20_000, 'the server to leave');
    const ms = performance.now() - sent;
    expect(code, server.text().slice(-3_000)).to.equal(0);
    expect(ms, 'milliseconds from TERM to the exit').to.be.at.most(withinMs);
    await server.expectNothingLeft(500);
  }

  for (const step of steps)
    it(`ends the server that is held at ${step} (D12)`, async () => {
      await start(step, 'sleep:60000');
      server.signal('SIGURG');
      await reached(server, step, 1);
      await expectToLeave();
    });

  it('answers callers that wait for the refork', async () => {
    await start('mold.hook', 'sleep:60000');
    const waiting = server.refork();
    await reached(server, 'mold.hook', 1);
    server.signal('SIGTERM');
    expect((await waiting).body).to.deep.equal({ ok: false, error: 'the server was stopped' });
    expect((await server.exit).code).to.equal(0);
    await server.expectNothingLeft(500);
  });

  it('ends the server in the middle of the rollout', async () => {
    server = await Server.start({
      app: fixtureApp('plain.mjs'),
      workers: 3,
      config: `shutdownTimeout: ${shutdownTimeoutMs},`,
    });
    server.signal('SIGURG');
    await server.logged('canary is healthy, rolling out');
    await expectToLeave();
  });
});
