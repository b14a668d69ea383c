// Goal: a command reaches the server of its configuration even when that is broken, names the
// server of another user, believes no socket in a directory of others, and a second start names the
// first. Method: real servers with a default control path, in a runtime directory of the spec's.
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { controlSocketName } from '../../lib/config/runtime-directory.js';
import { command, type Ended } from '../cli/command.js';
import { fixtureApp, Server, type ServerOptions } from '../support/server.js';
import { scratch } from '../support/scratch.js';

const app = fixtureApp('plain.mjs');
const nobody = 65_534;

describe('a command without --control', () => {
  const runtime = scratch();
  let server: Server;
  afterEach(() => server?.destroy());

  const variables = (): Record<string, string> => ({ XDG_RUNTIME_DIR: '', TMPDIR: runtime.path });

  const start = async (options: Partial<ServerOptions> = {}): Promise<void> => {
    const config = 'control: undefined,';
    server = await Server.start({ app, workers: 1, config, env: variables(), ...options });
  };

  const run = (...args: string[]): Promise<Ended> =>
    command([...args, '-c', server.configFile], {
      directory: server.directory,
      variables: variables(),
    });

  const breakConfig = (): void =>
    writeFileSync(server.configFile, 'export default { wrokers: 2, (', 'utf8');

  it('reaches the server of a configuration that has been broken since', async () => {
    await start();
    breakConfig();
    const { stdout, code } = await run('status');
    expect(stdout).to.include(`monitor ${server.pid}`);
    expect(code).to.equal(0);
    expect(await run('backtrace')).to.include({ code: 0, stderr: '' });
    expect(await run('phased-restart', '--wait')).to.include({ code: 1, stdout: '' });
    expect(await run('stop', '--wait')).to.include({ code: 0, stderr: '' });
    expect(await server.exit).to.deep.equal({ code: 0, signal: null });
  });

  it('says what is broken, and that --control needs no configuration', async () => {
    await start({ config: '' });
    breakConfig();
    const { stderr, code } = await run('status');
    expect(stderr).to.match(/^pitchfork-ts: .*pitchfork\.conf\.mjs: cannot be loaded: SyntaxError/);
    expect(stderr).to.match(
      /^pitchfork-ts: no server answers at .*: name the socket with --control$/m,
    );
    expect(code).to.equal(1);
    expect(await run('status', '--control', server.control)).to.include({ code: 0 });
    await server.stop();
  });

  it('refuses a directory that another user made, whoever listens in it', async function () {
    if (process.getuid?.() !== 0) this.skip();
    await start({ config: '' });
    const config = runtime.write('other.mjs', `export default { app: ${JSON.stringify(app)} };`);
    const directory = join(runtime.path, 'pitchfork-ts-0');
    mkdirSync(directory, { mode: 0o777 });
    chownSync(directory, nobody, nobody);
    const asked: string[] = [];
    const impostor = createServer(({ url }, response) => {
      asked.push(url ?? '');
      response.end('{"ok":true}');
    }).listen(join(directory, controlSocketName(config)));
    await once(impostor, 'listening');
    try {
      for (const word of ['stop', 'status']) {
        const ended = await command([word, '-c', config], {
          directory: runtime.path,
          variables: variables(),
        });
        expect(ended.stderr).to.match(/^pitchfork-ts: cannot use .*pitchfork-ts-0 for the control/);
        expect(ended).to.include({ code: 1, stdout: '' });
      }
      expect(asked).to.deep.equal([]);
    } finally {
      impostor.close();
    }
    await server.stop();
  });

  it('names a server that another user runs with this configuration', async function () {
    if (process.getuid?.() !== 0) this.skip();
    chmodSync(runtime.path, 0o1777);
    const options = ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups'];
    await start({ eager: true, launcher: ['setpriv', ...options] });
    chmodSync(server.directory, 0o755);
    await server.logged('all workers are ready', {}, 30_000);
    const socket = join(
      runtime.path,
      `pitchfork-ts-${nobody}`,
      controlSocketName(server.configFile),
    );
    const { stderr, code } = await run('status');
    expect(stderr).to.match(/^pitchfork-ts: no server answers at .*pitchfork-ts-0\//);
    expect(stderr).to.include(
      `; user ${nobody} runs one with this configuration: --control ${socket}`,
    );
    expect(code).to.equal(1);
    expect(await run('stop', '--wait', '--control', socket)).to.include({ code: 0 });
  });

  it('starts no second server of one configuration, and names the first', async () => {
    await start();
    const { stderr, code } = await run('run');
    expect(stderr).to.match(
      new RegExp(
        `^pitchfork-ts: pitchfork\\.conf\\.mjs: process ${server.pid} already runs with control socket .*: ` +
          '`pitchfork-ts restart` replaces the program, `pitchfork-ts stop` ends it\n$',
      ),
    );
    expect(code).to.equal(1);
    expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).to.include('pitchfork-ts');
    await server.stop();
  });
});
