// Goal: a container's user, without an entry in passwd(5) and perhaps without a directory that it
// can write to, has a server, or one line that names the remedy. Method: real starts as such a user.
// Skipped where the specs do not run as root.
import { chmodSync, chownSync } from 'node:fs';
import { expect } from 'chai';
import { fixtureApp, Server, withDeadline } from '../support/server.js';

const uid = 1_000_670_000;
const launcher = ['setpriv', '--reuid', String(uid), '--regid', '0', '--clear-groups'];
const app = fixtureApp('plain.mjs');

describe('a user without a name', () => {
  let server: Server;

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });
  afterEach(() => server?.destroy());

  async function start(config: string, env: Record<string, string> = {}): Promise<void> {
    const environment = { HOME: '/', XDG_RUNTIME_DIR: '', ...env };
    server = await Server.start({ app, config, launcher, env: environment, eager: true });
    chmodSync(server.directory, 0o755);
  }

  const refusal = async (): Promise<string> => {
    expect((await withDeadline(server.exit, 15_000, 'the end')).code).to.equal(1);
    return server.text();
  };

  for (const control of ['undefined', `'./control.sock'`])
    it(`runs a server, with control ${control}`, async () => {
      await start(`control: ${control},`);
      chownSync(server.directory, uid, 0);
      await server.logged('all workers are ready', {}, 30_000);
      await server.get();
      server.signal('SIGTERM');
      expect((await server.exit).code).to.equal(0);
    });

  it('is told to set `control` where it has no temporary directory', async () => {
    await start('control: undefined,', { TMPDIR: '/none' });
    expect(await refusal()).to.equal(
      `pitchfork-ts: cannot make /none/pitchfork-ts-${uid} for the control socket: EACCES: ` +
        'permission denied: set `control` to a path in a directory that this user can write to\n',
    );
  });

  it('is told that it cannot write to the directory of `control`', async () => {
    await start('');
    expect(await refusal()).to.equal(
      `pitchfork-ts: control: cannot listen on ${server.control}: EACCES: this user may not ` +
        'write to its directory\n',
    );
  });
});
