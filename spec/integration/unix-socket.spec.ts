// Goal: a unix socket is taken only if no server listens on it, stays the same while workers
// change, and is removed at the end. Method: paths that are stale, live or not a socket; requests
// and inodes on the path.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { runCommand } from '../support/command.js';
import { failures, startLoad } from '../support/load.js';
import { ask } from '../support/raw-connection.js';
import { scratch } from '../support/scratch.js';
import { Server, fixtureApp } from '../support/server.js';

const app = fixtureApp('plain.mjs');

/** A socket whose server has died without removing it. */
function leaveStaleSocket(path: string): void {
  const script = `
    const server = require('node:net').createServer().listen(${JSON.stringify(path)}, () => {
      process.kill(process.pid, 'SIGKILL');
    });`;
  spawnSync(process.execPath, ['-e', script]);
}

describe('a unix socket', () => {
  const directory = scratch();
  let server: Server;
  const socketPath = (): string => join(directory.path, 'app.sock');
  const start = (mode = ''): Promise<Server> =>
    Server.start({ app, config: `listen: { address: ${JSON.stringify(socketPath())}, ${mode} },` });
  afterEach(() => server.destroy());

  const expectServing = async (): Promise<void> => {
    for (let request = 0; request < 20; request++)
      expect((await ask(socketPath(), '/')).status).to.equal(200);
  };

  it('serves, with the permission bits of the configuration, and is removed at the end', async () => {
    server = await start('mode: 0o600,');
    expect(statSync(socketPath()).isSocket()).to.equal(true);
    expect(statSync(socketPath()).mode & 0o777).to.equal(0o600);
    await expectServing();
    await server.stop();
    expect(existsSync(socketPath())).to.equal(false);
  });

  it('replaces a stale one', async () => {
    leaveStaleSocket(socketPath());
    const { ino, birthtimeNs } = statSync(socketPath(), { bigint: true });
    server = await start();
    const now = statSync(socketPath(), { bigint: true });
    expect([now.ino, now.birthtimeNs]).to.not.deep.equal([ino, birthtimeNs]);
    await expectServing();
    await server.stop();
  });

  it('leaves one alone on which another instance listens', async () => {
    server = await start();
    const before = statSync(socketPath());
    const config = directory.write(
      'second.conf.mjs',
      `export default ${JSON.stringify({
        app,
        listen: socketPath(),
        metrics: false,
        control: './second.sock',
      })};`,
    );
    const second = await runCommand(['-c', config]);
    expect(second.code).to.equal(1);
    expect(second.stderr).to.match(/^pitchfork-ts: cannot listen on .*app\.sock: [^\n]+\n$/);
    expect(second.stderr).to.match(/already listens/);
    expect(statSync(socketPath()).ino).to.equal(before.ino);
    await expectServing();
    await server.stop();
  });

  it('leaves alone another program’s, and anything but a socket (C5)', async () => {
    const stranger = createServer((socket) => socket.on('error', () => 0)).unref();
    await new Promise<void>((resolve) => stranger.listen(socketPath(), resolve));
    const file = directory.write('precious', 'precious data');
    for (const listen of [socketPath(), file, directory.path]) {
      server = await Server.start({
        app,
        config: `listen: ${JSON.stringify(listen)},`,
        eager: true,
      });
      expect(await server.exit).to.deep.equal({ code: 1, signal: null });
      expect(server.text()).to.match(/^pitchfork-ts: cannot listen on [^\n]+\n$/);
      await server.destroy();
    }
    expect(readFileSync(file, 'utf8')).to.equal('precious data');
    expect(statSync(socketPath()).isSocket()).to.equal(true);
    await new Promise((resolve) => stranger.close(resolve));
  });

  it('is the same before and after a refork and a worker killed, with nothing lost', async () => {
    server = await start();
    const { ino, ctimeMs } = statSync(socketPath());
    const load = startLoad({ unix: socketPath(), mode: 'close', conns: 4, seconds: 60 });
    await load.started;
    expect((await server.refork()).body).to.include({ ok: true });
    await server.settled(1);
    const result = await load.stop();
    expect(failures(result), JSON.stringify(result)).to.equal(0);
    process.kill((await server.stats()).workers[0]?.pid ?? 0, 'SIGKILL');
    await server.logged('ended unexpectedly');
    await server.settled(1);
    expect(statSync(socketPath())).to.include({ ino, ctimeMs });
    await expectServing();
    await server.stop();
    expect(existsSync(socketPath())).to.equal(false);
  });

  it('is replaced after the monitor was killed', async () => {
    server = await start();
    server.signal('SIGKILL');
    await server.exit;
    await server.destroy();
    expect(existsSync(socketPath())).to.equal(true);
    server = await start();
    await expectServing();
    await server.stop();
  });
});
