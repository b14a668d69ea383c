// Goal: root runs no code that the app's user can change: neither the configuration, nor what that
// imports, nor a directory above them; the refusal names the place and the remedy. Method: real
// starts by root, of directories with owners and modes of many kinds. Skipped where the specs do
// not run as root.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Server, fixtureApp } from '../support/server.js';
import { runCommand } from '../support/command.js';

const nobody = 65_534;

describe('a configuration that the app’s user can change', () => {
  let directory: string;
  const at = (...names: string[]): string => join(directory, ...names);
  const config = at.bind(null, 'srv', 'app', 'pitchfork.conf.mjs');

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pitchfork-spec-'));
    chmodSync(directory, 0o755);
    mkdirSync(at('srv', 'app'), { recursive: true });
    writeFileSync(at('srv', 'app', 'shared.mjs'), `export const workers = 1;`);
    writeFileSync(
      config(),
      `import { workers } from './shared.mjs';
       export default { app: '${fixtureApp('plain.mjs')}', user: 'nobody', group: 'nogroup', workers,
         listen: '127.0.0.1:0', control: './c.sock', metrics: false, pidfile: '/dev/null/no' };`,
    );
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** A start that is not refused gets as far as the pid file, which cannot be written. */
  const start = async (): Promise<string> => (await runCommand(['-c', config()])).stderr;
  const refused = (place: string, remedy: string): string =>
    `pitchfork-ts: user: "nobody" can change ${place}, and so the code that root runs at the next ` +
    `restart: ${remedy}\n`;
  const chmodRemedy = (place: string): string =>
    `chmod go-w ${place} (getfacl shows further permissions)`;

  it('is accepted as long as it cannot', async () => {
    chownSync(at('srv'), 1, 1);
    chmodSync(at('srv'), 0o2775);
    chmodSync(directory, 0o1777);
    expect(await start()).to.include('cannot write pidfile');
  });

  for (const place of ['srv/app/pitchfork.conf.mjs', 'srv/app/shared.mjs', 'srv/app', 'srv'])
    it(`is refused if ${place} belongs to that user`, async () => {
      chownSync(at(place), nobody, nobody);
      chmodSync(at(place), place.endsWith('.mjs') ? 0o444 : 0o555);
      expect(await start()).to.equal(refused(at(place), `chown root ${at(place)}`));
    });

  it('is refused if the group or all others can write to a directory above', async () => {
    chownSync(at('srv'), 0, nobody);
    chmodSync(at('srv'), 0o775);
    expect(await start()).to.equal(refused(at('srv'), chmodRemedy(at('srv'))));
    chownSync(at('srv'), 0, 0);
    chmodSync(at('srv'), 0o757);
    expect(await start()).to.equal(refused(at('srv'), chmodRemedy(at('srv'))));
  });

  it('is refused if an access control list lets that user write', async () => {
    // acl(5) in its form on disk, as setfacl(1) would set it: u::rwx,u:65534:rwx,g::r-x,m::rwx,o::r-x
    const list = `
import os, struct, sys
none = 0xffffffff
entries = [(1, 7, none), (2, 7, ${nobody}), (4, 5, none), (16, 7, none), (32, 5, none)]
text = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *entry) for entry in entries)
os.setxattr(sys.argv[1], 'system.posix_acl_access', text)`;
    execFileSync('python3', ['-c', list, at('srv')]);
    expect(await start()).to.equal(refused(at('srv'), chmodRemedy(at('srv'))));
  });

  it('is refused if that user can exchange a link on the way', async () => {
    mkdirSync(at('releases'));
    renameSync(at('srv', 'app'), at('releases', 'app'));
    symlinkSync(at('releases', 'app'), at('srv', 'app'));
    chownSync(at('srv'), nobody, nobody);
    expect(await start()).to.equal(refused(at('srv'), `chown root ${at('srv')}`));
  });

  it('cannot be brought in by a hot restart', async () => {
    const server = await Server.start({
      app: fixtureApp('plain.mjs'),
      workers: 1,
      config: `user: 'nobody', group: 'nogroup',`,
      eager: true,
    });
    try {
      chmodSync(server.directory, 0o755);
      await server.logged('all workers are ready', {}, 30_000);
      chownSync(server.configFile, nobody, nobody);
      server.signal('SIGUSR2');
      const { reason } = await server.logged('hot restart failed', {}, 30_000);
      expect(reason).to.include(`user: "nobody" can change ${server.configFile}`);
      await server.stop();
    } finally {
      await server.destroy();
    }
  });
});
