// Goal: drop-privileges leaves a program nothing of root's, or does not run it at all. Method: the
// program, with commands that show what they have; what an app sees is in
// integration/privileges.spec.ts. Skipped where the specs do not run as root.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { commandAs, writableBy } from '../../lib/system/privileges/drop-privileges.js';
import { scratch } from '../support/scratch.js';

const nobody = { uid: 65_534, gid: 65_534, noNewPrivileges: true };

function run(command: readonly string[], via: readonly string[] = []) {
  const [program = '', ...args] = [...via, ...command];
  return spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
}

describe('drop-privileges', () => {
  const directory = scratch();

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });

  it('runs a command as the user, with its arguments and its exit code', () => {
    const script = 'id -u; id -g; id -G; echo "$0 $1"; exit 7';
    const { stdout, status } = run(commandAs(nobody, ['/bin/sh', '-c', script, 'a', 'b c']));
    expect(stdout).to.equal('65534\n65534\n65534\na b c\n');
    expect(status).to.equal(7);
  });

  it('clears inheritable and ambient capabilities, and securebits that would keep some', () => {
    const held = ['--inh-caps=+chown,+net_raw', '--ambient-caps=+chown'];
    const { stdout } = run(commandAs(nobody, ['/bin/grep', 'Cap', '/proc/self/status']), [
      ...['setpriv', ...held, '--securebits=+no_setuid_fixup'],
    ]);
    expect(stdout.match(/0{16}/g), stdout).to.have.lengthOf(5);
  });

  it('runs a program whose file has capabilities, without these', () => {
    const file = join(directory.path, 'grep');
    chmodSync(directory.path, 0o755);
    copyFileSync(realpathSync('/bin/grep'), file);
    // setcap cap_net_bind_service=ep, in its form on disk: capabilities(7), "File capability
    // versions".
    const value = 'struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)';
    const set = `import os, struct; os.setxattr('${file}', 'security.capability', ${value})`;
    expect(run(['python3', '-c', set]).stderr).to.equal('');
    const { stdout } = run(commandAs(nobody, [file, 'CapEff', '/proc/self/status']));
    expect(stdout).to.match(/0{16}\n$/);
  });

  it('works for a root that lacks CAP_SETPCAP, as in containers', () => {
    const few = ['setpriv', '--bounding-set=-all,+setuid,+setgid', '--inh-caps=-all'];
    const { stdout, stderr } = run(commandAs(nobody, ['/usr/bin/id', '-u']), few);
    expect(stderr).to.equal('');
    expect(stdout).to.equal('65534\n');
  });

  it('does not run the command if a step fails', () => {
    const none = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'];
    const { stdout, stderr, status } = run(commandAs(nobody, ['/usr/bin/id']), none);
    expect({ stdout, status }).to.deep.equal({ stdout: '', status: 1 });
    expect(stderr).to.equal(
      'pitchfork-ts: cannot start a process of `user`: setgroups: Operation not permitted\n',
    );
    expect(run(commandAs(nobody, ['/none'])).stderr).to.equal(
      'pitchfork-ts: cannot start a process of `user`: /none: No such file or directory\n',
    );
    const [program = ''] = commandAs(nobody, []);
    for (const args of [[], ['run'], ['run', '-1', '0', '1', '/bin/true'], ['run', '1', '1', '1']])
      expect(run([program, ...args]), args.join()).to.include({ status: 1 });
  });

  it('finds what the user can write to', () => {
    const file = directory.write('file', '');
    const open = join(directory.path, 'open');
    mkdirSync(open);
    chmodSync(directory.path, 0o755);
    chmodSync(open, 0o777);
    writeFileSync(join(open, 'with\nline'), '');
    chmodSync(join(open, 'with\nline'), 0o666);
    const paths = [file, open, join(open, 'with\nline'), join(directory.path, 'none')];
    expect(writableBy(nobody, paths)).to.deep.equal([open, join(open, 'with\nline')]);
    expect(writableBy(nobody, [])).to.deep.equal([]);
  });
});
