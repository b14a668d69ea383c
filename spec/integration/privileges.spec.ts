// Goal: an app of another user that was broken into has no way to root: neither a secret, nor a
// terminal, a descriptor, a capability, or a file that root's monitor reads or writes. Method: a
// server started by root in a terminal, with `user: 'nobody'`, and an app that tries; /proc shows
// each process, and its memory. Skipped where the specs do not run as root.
import { copyFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { hasInMemory } from '../support/memory.js';
import { fixtureApp, Server, type ServerOptions } from '../support/server.js';
import { inTerminal } from '../support/terminal.js';

const token = 'a-token-that-the-app-must-not-have';
const nobody = 65_534;
const account = `user: 'nobody', group: 'nogroup',`;
/** O_RDONLY, O_WRONLY and O_RDWR are 0, 1 and 2. */
const writeOnly = 1;

interface Facts {
  readonly session: number;
  readonly terminal: number;
  readonly status: Readonly<Record<string, string>>;
  readonly threads: readonly string[];
  readonly environment: string;
  readonly command: string;
  readonly keyring: string;
  readonly descriptors: readonly {
    readonly fd: number;
    readonly target: string;
    readonly access: number;
  }[];
}

describe('an app of another user that was broken into', () => {
  let server: Server;

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });
  afterEach(() => server?.destroy());

  async function start(config: string, options: Partial<ServerOptions> = {}): Promise<void> {
    const app = fixtureApp('intruder.mjs');
    server = await Server.start({ app, config: account + config, eager: true, ...options });
    // The user must be able to read the configuration; in the tick of the start.
    chmodSync(server.directory, 0o755);
    writeFileSync(join(server.directory, 'token'), token, { mode: 0o600 });
    await server.logged('all workers are ready', {}, 40_000);
  }

  const facts = async (): Promise<Facts> => JSON.parse(await server.get('/facts')) as Facts;

  async function attempts(): Promise<Record<string, unknown>> {
    const setuidId = join(server.directory, 'setuid-id');
    copyFileSync('/usr/bin/id', setuidId);
    chmodSync(setuidId, 0o4755);
    const query = new URLSearchParams({
      monitor: String(server.pid),
      config: server.configFile,
      control: server.control,
      tokenFile: join(server.directory, 'token'),
      setuidId,
    });
    return JSON.parse(await server.get(`/attempts?${query.toString()}`)) as Record<string, unknown>;
  }

  const appPids = (): number[] =>
    server.processes().flatMap(({ pid }) => (pid === server.pid ? [] : [pid]));

  /** After a boot, a fork, and in what a hot restart and its rollout leave. */
  async function inEachKindOfProcess(check: () => Promise<void>): Promise<void> {
    await check();
    await server.refork();
    await server.settled(1);
    await check();
    server.signal('SIGUSR2');
    await server.logged('phased restart complete', { phase: 1 }, 40_000);
    await server.settled();
    await check();
  }

  it('has neither a token, nor a privilege, nor a hold of the monitor or its terminal', async () => {
    // Descriptors of the shell that started the server, one of them beyond those that Node marks.
    const shell = ['/bin/bash', '-c', `exec 7</etc/shadow 300</etc/shadow; exec "$@"`, 'bash'];
    await start(`remoteControl: { listen: '127.0.0.1:0' },`, {
      env: { PITCHFORK_TOKEN: token },
      launcher: [...inTerminal, ...shell],
    });
    expect(hasInMemory(server.pid, token), 'the search finds it in the monitor').to.equal(true);
    await inEachKindOfProcess(async () => {
      const seen = await facts();
      await expectNoToken(seen);
      expectNoPrivileges(seen);
      expectNoHold(seen);
      const tried = await attempts();
      // 1 is EPERM; 5, EIO, comes from kernels that have no such call any more.
      expect(tried['type into the output']).to.be.oneOf(['1', '5']);
      expect(tried).to.deep.include({
        'become root': 'EPERM',
        'a setuid program': String(nobody),
        'signal the monitor': 'EPERM',
        'read the monitor': Array(4).fill('EACCES'),
        'write the configuration': 'EACCES',
        'read the token': 'EACCES',
        'open the terminal': 'ENXIO',
        'read the output': 'EACCES',
        'connect to the control socket': 'EACCES',
      });
    });
    await server.stop();
  });

  async function expectNoToken({ environment, command, descriptors }: Facts): Promise<void> {
    const headers = { authorization: `Bearer ${token}` };
    const url = String(server.log('monitor started')[0]?.['remoteControl']);
    expect((await fetch(`${url}/stats`, { headers })).status, 'with the token').to.equal(200);
    for (const pid of [server.pid, ...appPids()])
      for (const file of ['environ', 'cmdline'])
        expect(readFileSync(`/proc/${pid}/${file}`, 'latin1'), file).to.not.include(token);
    for (const pid of appPids()) expect(hasInMemory(pid, token)).to.equal(false);
    expect(environment + command).to.not.include('TOKEN');
    expect(descriptors.filter(({ target }) => /memfd|token/.test(target))).to.deep.equal([]);
    expect(server.text()).to.not.include(token);
  }

  function expectNoPrivileges({ status, threads }: Facts): void {
    expect(status).to.include({ NoNewPrivs: '1', Groups: '' });
    for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(status[name], name).to.match(/^0+$/);
    expect(threads, 'NoNewPrivs and CapBnd of all threads').to.deep.equal([`1${'0'.repeat(16)}`]);
  }

  function expectNoHold({ session, terminal, descriptors, keyring }: Facts): void {
    expect(session).to.be.above(0).and.not.equal(server.pid);
    expect(terminal, 'controlling terminal').to.equal(0);
    for (const { fd, target, access } of descriptors) {
      expect(target).to.not.include('shadow');
      if (/^\/dev\/(pts|tty)/.test(target)) expect(access, `${fd}`).to.equal(writeOnly);
    }
    expect(descriptors.find(({ fd }) => fd === 0)?.target).to.equal('/dev/null');
    expect(descriptors.find(({ fd }) => fd === 1)?.target).to.match(/^\/dev\/pts/);
    expect(keyring).to.not.match(/_uid\.0\b/);
  }

  it('can use a setuid program where that is configured', async () => {
    await start('noNewPrivileges: false,');
    const { status } = await facts();
    expect(status).to.include({ NoNewPrivs: '0' });
    expect(status['CapBnd']).to.match(/^0+$/);
    expect(await attempts()).to.include({ 'become root': 'EPERM', 'a setuid program': '0' });
    await server.stop();
  });

  it('is not reached by Ctrl-C at the terminal, which stops the server in order', async () => {
    await start('', { launcher: inTerminal });
    process.kill(-server.pid, 'SIGINT');
    expect(await server.exit).to.deep.equal({ code: 0, signal: null });
    await server.expectNothingLeft();
    expect(server.log('ended unexpectedly')).to.deep.equal([]);
  });
});
