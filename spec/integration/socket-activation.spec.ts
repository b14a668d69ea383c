// Goal: sockets opened by systemd are served, shared by all workers, and left as they are; one that
// is not configured is refused. Method: a launcher that opens them and becomes the server.
import { statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { freePort } from '../support/free-port.js';
import { scratch } from '../support/scratch.js';
import { fixtureApp, Server, withDeadline } from '../support/server.js';
import { withSockets } from '../support/socket-launcher.js';

const app = fixtureApp('plain.mjs');

describe('socket activation', () => {
  const directory = scratch();
  let server: Server;
  afterEach(() => server.destroy());

  const answer = (socketPath: string): Promise<string> =>
    new Promise((resolve, reject) => {
      request({ socketPath, agent: false }, (response) => resolve(text(response)))
        .on('error', reject)
        .end();
    });

  it('serves a TCP socket and a unix socket that came with it, through rollouts (O13)', async () => {
    const port = freePort();
    const path = join(directory.path, 'web.sock');
    server = await Server.start({
      app,
      workers: 2,
      launcher: withSockets([`127.0.0.1:${port}`, path]),
      config: `listen: ['127.0.0.1:${port}', ${JSON.stringify(path)}],`,
    });
    const { ino } = statSync(path);
    expect(server.port).to.equal(port);
    for (const generation of [0, 1]) {
      expect(JSON.parse(await server.get())).to.include({ generation });
      expect(JSON.parse(await answer(path))).to.include({ generation });
      if (generation === 0)
        expect((await server.ask('POST', '/refork?wait=1')).status).to.equal(200);
    }
    expect((await server.ask('POST', '/phased-restart?wait=1')).status).to.equal(200);
    expect((await server.ask('POST', '/workers/add')).status).to.equal(200);
    await server.settled();
    for (let count = 0; count < 20; count++) await server.get();
    await server.stop();
    expect(statSync(path).ino, 'the path is its owner’s').to.equal(ino);
  });

  it('takes an IPv6 socket for all addresses for 0.0.0.0', async () => {
    const port = freePort();
    server = await Server.start({
      app,
      launcher: withSockets([`[::]:${port}`]),
      listen: `0.0.0.0:${port}`,
    });
    await server.get();
    await server.stop();
  });

  it('is left alone when it is meant for another process (O13)', async () => {
    server = await Server.start({ app, launcher: withSockets(['127.0.0.1:0'], { pid: '1' }) });
    await server.get();
    expect(server.log('LISTEN_FDS is meant for another process')).to.have.lengthOf(1);
    await server.stop();
  });

  const refused = async (launcher: string[]): Promise<string> => {
    server = await Server.start({ app, launcher, eager: true });
    const { code } = await withDeadline(server.exit, 20_000, 'the server to give up');
    expect(code).to.equal(1);
    return server.text().trim();
  };

  it('refuses a socket that no address names', async () => {
    const port = freePort();
    expect(await refused(withSockets([`127.0.0.1:${port}`]))).to.equal(
      `pitchfork-ts: the service manager listens on 127.0.0.1:${port} (web) for this server, but ` +
        `the configuration does not: add '127.0.0.1:${port}' to \`listen\``,
    );
  });

  it('refuses anything but a listening stream socket', async () => {
    expect(await refused(withSockets(['127.0.0.1:0'], { label: 'datagram' }))).to.equal(
      'pitchfork-ts: cannot use socket 3 (datagram) of LISTEN_FDS: EINVAL: adopt descriptor 3: ' +
        'it is not a listening stream socket',
    );
  });
});
