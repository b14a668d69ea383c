// Goal: the control API over TCP requires the token, the refusal reveals nothing else, and
// listening on a non-loopback address is logged. Method: a real server, plain requests, and the
// real command.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import { commandFile } from '../cli/command.js';
import { runCommand } from '../support/command.js';
import { ask } from '../support/raw-connection.js';
import { scratch } from '../support/scratch.js';
import { fixtureApp, Server, withDeadline } from '../support/server.js';

const app = fixtureApp('plain.mjs');
const token = 'correct-horse-battery';

describe('remote control', () => {
  const directory = scratch();
  let server: Server;
  afterEach(() => server.destroy());

  const start = async (remoteControl: string, config = ''): Promise<string> => {
    server = await Server.start({
      app,
      workers: 1,
      config: `remoteControl: { listen: '127.0.0.1:0', ${remoteControl} }, ${config}`,
    });
    return String(server.log('monitor started')[0]?.['remoteControl']);
  };

  it('refuses clients without the token', async () => {
    const url = await start(`token: '${token}'`);
    const wrong: Record<string, string>[] = [
      {},
      { authorization: token },
      { authorization: 'Bearer' },
      { authorization: `Bearer ${token}x` },
      { authorization: `Bearer ${token.slice(1)}` },
      { authorization: `Basic ${token}` },
    ];
    for (const headers of wrong)
      for (const path of ['/stats', '/nothing', `/stats?token=${token}`]) {
        const response = await fetch(url + path, { headers });
        expect(response.status, JSON.stringify(headers)).to.equal(401);
        expect(response.headers.get('www-authenticate')).to.equal('Bearer');
        expect(await response.json()).to.deep.equal({
          ok: false,
          error: 'the token is missing or wrong (Authorization: Bearer …)',
        });
      }
    const stop = await fetch(`${url}/stop`, { method: 'POST' });
    expect(stop.status).to.equal(401);
    expect(server.log('control command refused: no valid token')).to.have.lengthOf.above(1);
    const headers = { authorization: `bearer ${token}` };
    expect((await fetch(`${url}/stats`, { headers })).status).to.equal(200);
    expect(server.text()).to.not.include(token);
    await server.stop();
  });

  it('turns away requests for other hosts, and so do metrics, in few log lines', async () => {
    const remote = Number(new URL(await start(`token: '${token}'`)).port);
    const Authorization = `Bearer ${token}`;
    const from = (Host: string) => ({ headers: { Host, Authorization } });
    for (const [port, paths] of [
      [remote, ['/stats']],
      [server.metricsPort, ['/', '/stats.json', '/metrics', '/healthz']],
    ] as const)
      for (const path of paths) {
        const refused = await ask(port, path, from(`evil.example:${port}`));
        expect(refused.status, path).to.equal(421);
        expect(refused.body)
          .to.include('this listener answers to localhost')
          .and.not.include('pid');
        expect((await ask(port, path, from(`localhost:${port}`))).status).to.equal(200);
      }
    for (let time = 0; time < 20; time++) await ask(remote, '/stats', from('evil.example'));
    expect((await ask(server.control, '/stats', from('evil.example'))).status).to.equal(200);
    server.signal('SIGTERM');
    expect(await withDeadline(server.exit, 15_000, 'the end')).to.include({ code: 0 });
    const lines = server.log('control command refused: foreign Host');
    expect(lines.map(({ suppressed = 1 }) => suppressed)).to.deep.equal([1, 1, 1, 1, 1, 16]);
    expect(lines[1]).to.include({ host: 'evil.example', from: '127.0.0.1' });
    expect(server.log('metrics: refused a foreign Host')).to.have.lengthOf(4);
  });

  it('is used by the commands, with a token of the command line or the environment', async () => {
    chmodSync(directory.write('token', `${token}\n`), 0o600);
    const url = await start(`tokenFile: '${directory.path}/token'`);
    const control = ['--control', url];
    const reforked = await runCommand(['refork', '--wait', ...control, '--token', token]);
    expect(reforked).to.include({ code: 0 });
    expect(reforked.stdout).to.match(/^refork: done in .*: generation 1 on /);
    expect(await runCommand(['status', ...control])).to.include({
      code: 1,
      stderr: 'pitchfork-ts: --token-file: required by a remote control (or set PITCHFORK_TOKEN)\n',
    });
    const refused = await runCommand(['status', ...control, '--token', 'wrong']);
    expect(refused).to.include({
      code: 1,
      stderr: 'pitchfork-ts: the token is missing or wrong (Authorization: Bearer …)\n',
    });
    const file = ['--token-file', `${directory.path}/token`];
    expect(await runCommand(['status', ...control, ...file])).to.include({ code: 0 });
    process.env['PITCHFORK_TOKEN'] = token;
    try {
      const { code, stdout } = await runCommand(['status', ...control]);
      expect(code).to.equal(0);
      expect(stdout).to.include('generation 1');
      const stopped = await runCommand(['stop', '--wait', ...control]);
      expect(stopped).to.include({ code: 0, stdout: 'stop: done\n' });
    } finally {
      delete process.env['PITCHFORK_TOKEN'];
    }
    expect(await withDeadline(server.exit, 15_000, 'the end')).to.include({ code: 0 });
    await server.expectNothingLeft();
  });

  it('takes the token from the environment, of which nothing is left in any process', async () => {
    server = await Server.start({
      app: { text: 'export default (_, response) => response.end(process.env.PITCHFORK_TOKEN);' },
      workers: 1,
      // As it was recommended once: the configuration no longer sees the variable.
      config: `remoteControl: { listen: '127.0.0.1:0', token: process.env.PITCHFORK_TOKEN },`,
      env: { PITCHFORK_TOKEN: token },
    });
    for (const restarts of [0, 1]) {
      if (restarts > 0) server.signal('SIGUSR2');
      const text = restarts === 0 ? 'monitor started' : 'monitor restarted';
      const { remoteControl } = await server.logged(text, {}, 30_000);
      await server.settled();
      const headers = { authorization: `Bearer ${token}` };
      const { status } = await fetch(`${String(remoteControl)}/stats`, { headers });
      expect(status).to.equal(200);
      expect(await server.get()).to.equal('');
      for (const { pid } of server.processes())
        for (const name of ['environ', 'cmdline'])
          expect(readFileSync(`/proc/${pid}/${name}`, 'latin1')).to.not.include(token);
    }
    await server.logged('phased restart complete', {}, 30_000);
    await server.stop();
  });

  it('is not opened without any token', async () => {
    server = await Server.start({ app, config: `remoteControl: { listen: 0 },`, eager: true });
    expect((await withDeadline(server.exit, 15_000, 'the end')).code).to.equal(1);
    expect(server.text()).to.equal(
      'pitchfork-ts: remoteControl: needs a `tokenFile`, or the variable PITCHFORK_TOKEN\n',
    );
  });

  it('has no token of a command in ps', async () => {
    // A server that accepts and never answers keeps the command waiting.
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const control = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const command = ['status', '--control', control, `--token=${token}`];
    const child = spawn(process.execPath, [commandFile, ...command], { stdio: 'ignore' });
    try {
      const [socket] = (await once(silent, 'connection')) as [Socket];
      const shown = readFileSync(`/proc/${child.pid}/cmdline`, 'latin1');
      expect(shown).to.include('pitchfork-ts status --control');
      expect(shown).to.not.include(token);
      socket.destroy();
    } finally {
      child.kill('SIGKILL');
      silent.close();
    }
  });

  it('is not opened with a token that is too short or public, or whose file is missing', async () => {
    chmodSync(directory.write('short', 'short'), 0o600);
    chmodSync(directory.write('public', token), 0o640);
    for (const [name, reason] of [
      ['short', 'expected a secret text of at least 16 characters, got 5'],
      ['public', 'other users can open it (mode 0640): chmod it to 0600'],
      ['none', `ENOENT: no such file or directory, open '${directory.path}/none'`],
    ]) {
      server = await Server.start({
        app,
        config: `remoteControl: { listen: 0, tokenFile: '${directory.path}/${name}' },`,
        eager: true,
      });
      expect((await withDeadline(server.exit, 15_000, 'the end')).code).to.equal(1);
      expect(server.text()).to.equal(
        `pitchfork-ts: remoteControl.tokenFile: cannot use ${directory.path}/${name}: ${reason}\n`,
      );
      await server.destroy();
    }
  });

  it('and metrics log that they are open to other machines', async () => {
    server = await Server.start({
      app,
      workers: 1,
      config: `metrics: { listen: '0.0.0.0:0' },
        remoteControl: { listen: '0.0.0.0:0', token: '${token}' },`,
    });
    expect(server.log('metrics: listening on a non-loopback address')).to.have.lengthOf(1);
    expect(
      server.log(
        'remoteControl: listening on a non-loopback address, its token is sent unencrypted',
      ),
    ).to.have.lengthOf(1);
    await server.stop();
    await start(`token: '${token}'`);
    expect(server.text()).to.not.include('other machines');
    await server.stop();
  });
});
