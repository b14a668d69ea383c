// Goal: with `user`, no process of the app ever runs as root, in any generation; it serves,
// reforks, is measured and dies with the monitor as always. Method: a server started by root; /proc
// shows the user of each process. Skipped where the specs do not run as root.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { commandFile } from '../cli/command.js';
import { Server, type ServerOptions } from '../support/server.js';
import { until } from '../support/until.js';

const nobody = 65_534;
const app = {
  text: `
const whoLoaded = process.getuid() + ':' + process.getgid() + ':' + process.getgroups();
export default ({ url }, response) => {
  if (url === '/spin') for (;;);
  let back = 'root again';
  try { process.setuid(0); } catch (error) { back = error.code; }
  response.end(JSON.stringify({ pid: process.pid, whoLoaded, back }));
};`,
};

const status = (pid: number, name: string): string =>
  new RegExp(`^${name}:[ \t]*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ??
  '';

describe('user and group', () => {
  let server: Server;

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });
  afterEach(() => server?.destroy());

  async function start(config: string, options: Partial<ServerOptions> = {}): Promise<void> {
    server = await Server.start({ app, config, eager: true, ...options });
    // The user must be able to read the app; done in the tick of the start, before any process
    // does.
    chmodSync(server.directory, 0o755);
  }

  const booted = (): Promise<unknown> => server.logged('all workers are ready', {}, 30_000);

  const children = (): number[] =>
    server.processes().flatMap(({ pid }) => (pid === server.pid ? [] : [pid]));

  function expectNobody(): void {
    expect(children()).to.have.length(3);
    for (const pid of children()) {
      for (const name of ['Uid', 'Gid'])
        expect(status(pid, name).split('\t'), name).to.deep.equal(Array(4).fill(String(nobody)));
      expect(status(pid, 'Groups')).to.equal('');
      expect(status(pid, 'CapEff')).to.match(/^0+$/);
    }
  }

  it('are dropped before the app is loaded, and in every generation', async () => {
    await start(`user: 'nobody', group: 'nogroup',`);
    await booted();
    expectNobody();
    expect(JSON.parse(await server.get())).to.include({
      whoLoaded: '65534:65534:65534',
      back: 'EPERM',
    });
    for (const generation of [1, 2, 3]) {
      expect((await server.refork()).body).to.include({ ok: true, generation });
      await server.settled(generation);
      await until('the old mold to be gone', () => children().length === 3);
      expectNobody();
    }
    expect((await server.ask('POST', '/phased-restart?wait=1')).body).to.include({ ok: true });
    await server.settled();
    await until('the old mold to be gone', () => children().length === 3);
    expectNobody();
    expect(status(server.pid, 'Uid')).to.match(/^0\t/);
    expect((await server.stats()).workers[0]?.memory?.private).to.be.above(0);
    await server.stop();
  });

  it('are dropped in the service worker as well', async () => {
    await start(`user: 'nobody', beforeServiceWorkerReady() {},`);
    await booted();
    const { pid } = await server.logged('ready', { role: 'service' });
    expect(status(pid ?? 0, 'Uid')).to.equal(Array(4).fill(nobody).join('\t'));
    expect(status(pid ?? 0, 'CapEff')).to.match(/^0+$/);
    await server.stop();
  });

  it('leave no process behind when the monitor is killed, not even one that spins (O4, G4)', async () => {
    await start(`user: ${nobody},`);
    await booted();
    await server.refork();
    await server.settled(1);
    server.get('/spin').catch(() => undefined);
    server.signal('SIGKILL');
    await server.exit;
    await until('all processes to be gone', () => server.processes().length === 0, 3_000);
  });

  it('own the unix sockets to listen on, but not the control socket', async () => {
    await start(`user: 'nobody',`, { listen: 'unix:app.sock' });
    await booted();
    const { uid, gid, mode } = statSync(join(server.directory, 'app.sock'));
    expect({ uid, gid, mode: mode & 0o777 }).to.deep.equal({
      ...{ uid: nobody, gid: nobody, mode: 0o660 },
    });
    expect(statSync(server.control).uid).to.equal(0);
    server.signal('SIGTERM');
    expect((await server.exit).code).to.equal(0);
  });

  it('end the start of a server that is not root with one line', async () => {
    await start(`user: 'nobody',`);
    await booted();
    const { status: code, stderr } = spawnSync(
      process.execPath,
      [commandFile, '-c', server.configFile],
      { uid: nobody, gid: nobody, encoding: 'utf8', timeout: 20_000 },
    );
    expect(code).to.equal(1);
    expect(stderr).to.equal(
      'pitchfork-ts: user: cannot become "nobody": only root can change its user, ' +
        'and this is user 65534 (start as root, or remove `user`)\n',
    );
    await server.stop();
  });

  for (const [config, line] of [
    [`user: 'nosuch',`, 'user: there is no user "nosuch"'],
    [`user: 'nobody', group: 'nosuch',`, 'group: there is no group "nosuch"'],
    ['user: 4242424,', 'user: user 4242424 has no passwd entry: set `group` too'],
  ] as const)
    it(`end the start with "${line}"`, async () => {
      await start(config);
      expect((await server.exit).code).to.equal(1);
      expect(server.text()).to.equal(`pitchfork-ts: ${line}\n`);
    });
});
