// Goal: the process limit of a user costs no request, and the slot is served once the limit allows
// it, whether the fork itself fails or the newborn's first threads. Method: prlimit(1) on the mold
// of a server whose processes run as user nobody; root has no such limit.
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { expect } from 'chai';
import { expectPostConditions } from '../support/post-conditions.js';
import { Server } from '../support/server.js';

const nobody = 65_534;
const enough = 10_000;
const app = { text: `export default (request, response) => response.end(String(process.pid));` };

/** The kernel counts all threads of a user. */
const threadsOf = (uid: number): number =>
  execFileSync('ps', ['-eLo', 'uid='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.trim() === String(uid)).length;

describe('RLIMIT_NPROC', () => {
  let server: Server;
  const isRoot = process.getuid?.() === 0;
  afterEach(() => server?.destroy());

  const start = async (): Promise<{ mold: number; victim: number; other: number }> => {
    const config = `user: 'nobody', group: 'nogroup',`;
    server = await Server.start({ app, workers: 2, config, eager: true });
    // The user must be able to read the app; done in the tick of the start, before any process
    // does.
    chmodSync(server.directory, 0o755);
    await server.logged('all workers are ready', {}, 30_000);
    const { mold, workers } = await server.stats();
    const [victim, other] = workers.map(({ pid }) => pid ?? 0);
    return { mold: mold?.pid ?? 0, victim: victim ?? 0, other: other ?? 0 };
  };

  const limit = (pid: number, processes: number): void => {
    execFileSync('prlimit', ['--pid', String(pid), `--nproc=${processes}:`], {
      uid: nobody,
      gid: nobody,
    });
  };

  it('is waited out, while the others serve (R2)', async function () {
    if (!isRoot) this.skip();
    const { mold, victim, other } = await start();
    limit(mold, 1);
    process.kill(victim, 'SIGKILL');
    expect((await server.logged('could not fork')).reason).to.match(/EAGAIN/);
    const [first] = server.log('could not fork');
    expect((await server.stats()).workers.find(({ ready }) => ready)?.pid).to.equal(other);
    limit(mold, enough);
    const after = await expectPostConditions(server, { workers: 2 });
    expect(after.mold?.pid, 'the mold, which is not to blame').to.equal(mold);
    expect(first?.generation).to.equal(0);
    await server.stop();
  });

  it('is named by a newborn that cannot start its threads, and waited out', async function () {
    if (!isRoot) this.skip();
    const { mold, victim } = await start();
    process.kill(mold, 'SIGSTOP');
    process.kill(victim, 'SIGKILL');
    await server.logged('ended unexpectedly', { pid: victim });
    // Room for the fork, which takes two processes, and for one thread more.
    limit(mold, threadsOf(nobody) + 2);
    process.kill(mold, 'SIGCONT');
    const { reason } = await server.logged('failed', { step: 'fork' });
    expect(reason).to.match(/^EAGAIN: pthread_create: /);
    limit(mold, enough);
    const after = await expectPostConditions(server, { workers: 2 });
    expect(after.mold?.pid, 'the mold, which is not to blame').to.equal(mold);
    await server.stop();
  });
});
