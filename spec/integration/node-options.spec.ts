// Goal: an inspector requested in the environment belongs to one process, and no fork holds its
// port. Method: NODE_OPTIONS, and the ports that each process listens on.
import { expect } from 'chai';
import { fixtureApp, Server } from '../support/server.js';
import { portsOf } from '../support/shared-files.js';

/** Not Node's default port, which a developer may use. */
const inspectorPort = 9231;

describe('NODE_OPTIONS', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('with --inspect opens one inspector, the monitor’s, and no child competes for it (C12)', async () => {
    server = await Server.start({
      app: fixtureApp('plain.mjs'),
      workers: 2,
      env: { NODE_OPTIONS: `--inspect=${inspectorPort}` },
    });
    expect((await server.refork()).body).to.include({ ok: true, generation: 1 });
    const { mold, workers } = await server.settled(1);
    expect(portsOf(server.pid)).to.include(inspectorPort);
    for (const pid of [mold?.pid ?? 0, ...workers.map((worker) => worker.pid)])
      expect(portsOf(pid)).to.not.include(inspectorPort);
    await server.stop();
  });
});
