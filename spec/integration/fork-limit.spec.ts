// Goal: the process limit of a user costs no request, and the slot is served once the limit allows
// it. Method: prlimit(1) on the mold of a server whose processes run as user nobody; root has no
// such limit.
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { expect } from 'chai';
import { expectPostConditions } from '../support/post-conditions.js';
import { Server } from '../support/server.js';

const nobody = 65_534;
const app = { text: `export default (request, response) => response.end(String(process.pid));` };

describe('RLIMIT_NPROC', () => {
  let server: Server;
  const isRoot = process.getuid?.() === 0;
  afterEach(() => server?.destroy());

  it('is waited out, while the others serve (R2)', async function () {
    if (!isRoot) this.skip();
    server = await Server.start({
      app,
      workers: 2,
      config: `user: 'nobody', group: 'nogroup',`,
      eager: true,
    });
    // The user must be able to read the app; done in the tick of the start, before any process
    // does.
    chmodSync(server.directory, 0o755);
    await server.logged('all workers are ready', {}, 30_000);
    const { mold, workers } = await server.stats();
    const limit = (processes: string): void => {
      execFileSync('prlimit', ['--pid', String(mold?.pid), `--nproc=${processes}:`], {
        uid: nobody,
        gid: nobody,
      });
    };
    limit('1');
    process.kill(workers[0]?.pid ?? 0, 'SIGKILL');
    expect((await server.logged('could not fork')).reason).to.match(/EAGAIN/);
    const [first] = server.log('could not fork');
    expect((await server.stats()).workers.find(({ ready }) => ready)?.pid).to.equal(
      workers[1]?.pid,
    );
    limit('1000');
    const after = await expectPostConditions(server, { workers: 2 });
    expect(after.mold?.pid, 'the mold, which is not to blame').to.equal(mold?.pid);
    expect(first?.generation).to.equal(0);
    await server.stop();
  });

  it('is named by a newborn that cannot start its threads, and waited out', async function () {
    if (!isRoot) this.skip();
    server = await Server.start({ app, workers: 2, config: `user: 'nobody',`, eager: true });
    chmodSync(server.directory, 0o755);
    await server.logged('all workers are ready', {}, 30_000);
    const { mold, workers } = await server.stats();
    process.kill(mold?.pid ?? 0, 'SIGSTOP');
    process.kill(workers[0]?.pid ?? 0, 'SIGKILL');
    await server.logged('ended unexpectedly', { pid: workers[0]?.pid });
    // A process more than there are, and two of its threads.
    const limit = (count: number): void => {
      execFileSync('prlimit', ['--pid', String(mold?.pid), `--nproc=${count}:`]);
    };
    limit(threadsOf(nobody) + 3);
    process.kill(mold?.pid ?? 0, 'SIGCONT');
    const failed = await server.logged('failed', { step: 'fork' });
    expect(failed.reason).to.match(/^EAGAIN: pthread_create: /);
    limit(10_000);
    const after = await expectPostConditions(server, { workers: 2 });
    expect(after.mold?.pid, 'the mold, which is not to blame').to.equal(mold?.pid);
    await server.stop();
  });
});

const threadsOf = (uid: number): number =>
  execFileSync('ps', ['-eLo', 'uid='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => Number(line) === uid && line.trim() !== '').length;
