// Goal: files written as root are what they are said to be, whatever the umask and whatever the
// app's user has planted in its own directory: no link is followed, nothing blocks the start, modes
// are exact. Method: a server started by root, whose files are in a directory of nobody's. Skipped
// where the specs do not run as root.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { fixtureApp, Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const nobody = 65_534;
const app = fixtureApp('plain.mjs');
const files = `pidfile: './run/pid', listen: 'unix:run/app.sock', user: 'nobody', group: 'nogroup',
  log: { level: 'info', format: 'json', file: './run/log' },`;

describe('files in a directory of the app’s user', () => {
  let server: Server;
  const at = (...names: string[]): string => join(server.directory, ...names);
  const has = (file: string, msg: string) => (): boolean =>
    existsSync(file) && readFileSync(file, 'utf8').includes(`"msg":"${msg}"`);
  const mode = (file: string): string => (lstatSync(file).mode & 0o777).toString(8);

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });
  afterEach(() => server?.destroy());

  /** `plant` runs in the tick of the start, in place of the app's user. */
  async function start(plant: () => void, umask = '0'): Promise<void> {
    const launcher = ['/bin/sh', '-c', `umask ${umask}; exec "$@"`, 'sh'];
    server = await Server.start({ app, workers: 1, config: files, launcher, eager: true });
    chmodSync(server.directory, 0o755);
    writeFileSync(at('precious'), 'precious\n', { mode: 0o600 });
    mkdirSync(at('run'));
    plant();
    for (const name of readdirSync(at('run'))) lchownSync(at('run', name), nobody, nobody);
    chownSync(at('run'), nobody, nobody);
  }

  const booted = (): Promise<unknown> =>
    until('the boot', has(at('run', 'log'), 'all workers are ready'), 30_000);

  async function refusal(): Promise<string> {
    expect((await withDeadline(server.exit, 15_000, 'the end')).code).to.equal(1);
    expect(readFileSync(at('precious'), 'utf8')).to.equal('precious\n');
    return server.text();
  }

  for (const umask of ['0', '0277'])
    it(`have their modes and owners with a umask of ${umask}`, async () => {
      await start(() => undefined, umask);
      await booted();
      expect(mode(at('run', 'pid'))).to.equal('644');
      expect(mode(at('run', 'log'))).to.equal('640');
      expect(mode(at('run', 'app.sock'))).to.equal('660');
      expect(mode(server.control)).to.equal('600');
      expect(lstatSync(at('run', 'log')).uid).to.equal(0);
      expect(lstatSync(at('run', 'app.sock'))).to.include({ uid: nobody, gid: nobody });
      expect(readdirSync(at('run')).sort()).to.deep.equal(['app.sock', 'log', 'pid']);
      await server.stop();
    });

  it('replace a link at the path of the pid file, and a pipe that has no writer', async () => {
    await start(() => symlinkSync(at('precious'), at('run', 'pid')));
    await booted();
    expect(lstatSync(at('run', 'pid')).isFile()).to.equal(true);
    expect(readFileSync(at('run', 'pid'), 'utf8')).to.equal(`${server.pid}\n`);
    expect(readFileSync(at('precious'), 'utf8')).to.equal('precious\n');
    await server.stop();
    await start(() => execFileSync('mkfifo', [at('run', 'pid')]));
    await booted();
    expect(readFileSync(at('run', 'pid'), 'utf8')).to.equal(`${server.pid}\n`);
    await server.stop();
  });

  it('end the start if there is a link, a second name or a pipe in place of the log', async () => {
    const plants: [() => void, string][] = [
      [
        () => symlinkSync(at('precious'), at('run', 'log')),
        'it is a symbolic link, which is not followed: use its target',
      ],
      [() => symlinkSync(at('none'), at('run', 'log')), 'it is a symbolic link, which is not'],
      [() => linkSync(at('precious'), at('run', 'log')), 'it has more than one name (hard links)'],
      [() => execFileSync('mkfifo', [at('run', 'log')]), 'ENXIO'],
    ];
    for (const [plant, reason] of plants) {
      await start(plant);
      expect(await refusal()).to.include(
        `pitchfork-ts: cannot open log file ${at('run', 'log')}: ${reason}`,
      );
      expect(existsSync(at('none'))).to.equal(false);
      await server.destroy();
    }
  });

  it('are not looked for through a directory that the user has exchanged for a link', async () => {
    await start(() => undefined);
    rmSync(at('run'), { recursive: true });
    mkdirSync(at('theirs'));
    mkdirSync(at('etc'));
    symlinkSync(at('etc'), at('theirs', 'logs'));
    chownSync(at('theirs'), nobody, nobody);
    symlinkSync(at('theirs', 'logs'), at('run'));
    expect(await refusal()).to.include('another user can change the symbolic link "logs"');
    expect(readdirSync(at('etc'))).to.deep.equal([]);
  });

  it('are not written elsewhere when the log is reopened', async () => {
    await start(() => undefined);
    await booted();
    renameSync(at('run', 'log'), at('run', 'moved'));
    symlinkSync(at('precious'), at('run', 'log'));
    server.signal('SIGHUP');
    const failed = 'cannot reopen the log file, the old one goes on';
    await until('the line', has(at('run', 'moved'), failed));
    rmSync(at('run', 'log'));
    server.signal('SIGHUP');
    await until('the new file', has(at('run', 'log'), 'log file reopened'));
    expect(mode(at('run', 'log'))).to.equal('640');
    expect(readFileSync(at('precious'), 'utf8')).to.equal('precious\n');
    await server.stop();
  });
});
