// Goal: the endpoints of operators and of a service manager outlive a hot restart: the pid file,
// the log file, remote control, sockets of systemd and its notifications. Method: real servers,
// SIGUSR2.
import { chmodSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { freePort } from '../support/free-port.js';
import { NotifySocket } from '../support/notify-socket.js';
import { scratch } from '../support/scratch.js';
import { fixtureApp, Server, withDeadline } from '../support/server.js';
import { withSockets } from '../support/socket-launcher.js';
import { until } from '../support/until.js';

const app = fixtureApp('plain.mjs');
const token = 'correct-horse-battery';

describe('a hot restart hands over', () => {
  const directory = scratch();
  let server: Server;
  afterEach(() => server.destroy());

  const rewrite = (from: string, to: string): void =>
    writeFileSync(server.configFile, readFileSync(server.configFile, 'utf8').replace(from, to));

  const restart = async (restarts: number): Promise<Record<string, unknown>> => {
    server.signal('SIGUSR2');
    const line = await server.logged('monitor restarted', { restarts }, 30_000);
    await server.logged('phased restart complete', { phase: restarts }, 30_000);
    return line;
  };

  const authorized = async (url: string, given = token): Promise<number> =>
    (await fetch(`${url}/stats`, { headers: { authorization: `Bearer ${given}` } })).status;

  it('the pid file and remote control, which move with the configuration', async () => {
    server = await Server.start({
      app,
      workers: 1,
      config: `pidfile: './server.pid',
        remoteControl: { listen: '127.0.0.1:0', token: '${token}' },`,
    });
    const url = String(server.log('monitor started')[0]?.['remoteControl']);
    const file = join(server.directory, 'server.pid');
    const { ino } = statSync(file);
    expect(await restart(1)).to.include({ remoteControl: url });
    expect(await authorized(url)).to.equal(200);
    expect(await authorized(url, 'another-long-token')).to.equal(401);
    expect(statSync(file).ino, 'inode of the pid file').to.equal(ino);
    rewrite('server.pid', 'moved.pid');
    rewrite(token, 'another-long-token');
    await restart(2);
    expect(existsSync(file)).to.equal(false);
    expect(readFileSync(join(server.directory, 'moved.pid'), 'utf8')).to.equal(`${server.pid}\n`);
    expect(await authorized(url)).to.equal(401);
    expect(await authorized(url, 'another-long-token')).to.equal(200);
    await server.stop();
    expect(existsSync(join(server.directory, 'moved.pid'))).to.equal(false);
  });

  it('the log file, under its present path', async () => {
    server = await Server.start({
      app,
      workers: 1,
      config: `log: { level: 'info', format: 'json', file: './server.log' },`,
      eager: true,
    });
    const file = join(server.directory, 'server.log');
    const has = (path: string, msg: string) => () =>
      existsSync(path) && readFileSync(path, 'utf8').includes(`"msg":"${msg}"`);
    await until('the boot', has(file, 'all workers are ready'), 20_000);
    renameSync(file, `${file}.1`);
    server.signal('SIGUSR2');
    await until('the rollout', has(file, 'phased restart complete'), 30_000);
    expect(has(file, 'monitor restarted')()).to.equal(true);
    expect(has(`${file}.1`, 'replacing the monitor program')()).to.equal(true);
    server.signal('SIGTERM');
    expect((await withDeadline(server.exit, 15_000, 'the end')).code).to.equal(0);
    await until('all processes to be gone', () => server.processes().length === 0);
  });

  it('to a configuration that runs commands, and to another user', async () => {
    const user = process.getuid?.() === 0 ? `user: 'nobody',` : '';
    server = await Server.start({
      app: { text: `export default (request, response) => response.end('ok');` },
      workers: 1,
      prelude: `import { execSync, spawn } from 'node:child_process';
        execSync('true');
        spawn('sleep', ['1'], { stdio: 'inherit' }).unref();
        process.on('exit', () => console.log());`,
      config: user,
      eager: true,
    });
    chmodSync(server.directory, 0o755);
    await server.logged('all workers are ready', {}, 20_000);
    await restart(1);
    expect(await server.get()).to.equal('ok');
    await server.stop();
  });

  it('sockets of systemd, and is one reload to it', async () => {
    const name = join(directory.path, 'notify.sock');
    const socket = await NotifySocket.open(name);
    try {
      const port = freePort();
      const path = join(directory.path, 'web.sock');
      server = await Server.start({
        app,
        workers: 2,
        launcher: withSockets([`127.0.0.1:${port}`, path]),
        config: `listen: ['127.0.0.1:${port}', ${JSON.stringify(path)}],`,
        env: { NOTIFY_SOCKET: name, WATCHDOG_USEC: '60000000' },
      });
      const { ino } = statSync(path);
      const alive = () => socket.received.filter(({ text }) => text === 'WATCHDOG=1').length;
      expect(alive()).to.equal(1);
      const line = await restart(1);
      expect(line['listen']).to.deep.equal([`http://127.0.0.1:${port}`, `unix:${path}`]);
      expect(alive(), 'a sign of life at once').to.equal(2);
      const states = ['READY=1', 'RELOADING=1', 'READY=1'];
      await until(states.join(), () => socket.states.join() === states.join());
      for (let count = 0; count < 10; count++) await server.get();
      await server.stop();
      expect(statSync(path).ino, 'the path is its owner’s').to.equal(ino);
    } finally {
      await socket.close();
    }
  });
});
