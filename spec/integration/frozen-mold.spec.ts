// Goal: a frozen mold costs nothing and does nothing, and is replaced when it exits. Method: an app
// with a busy interval in which each process records its run; CPU time is read from /proc.
import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { expectPostConditions } from '../support/post-conditions.js';
import { processOf } from '../support/processes.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

/** Each tick of the interval appends a byte to a file named after the process. */
const app = {
  text: `
import { appendFileSync } from 'node:fs';
setInterval(() => appendFileSync(new URL('ticks.' + process.pid, import.meta.url), '.'), 1);
export default (request, response) => response.end('ok');
`,
};

const ticksOf = (server: Server, pid: number): number => {
  const file = join(server.directory, `ticks.${pid}`);
  return existsSync(file) ? readFileSync(file).length : 0;
};

describe('a frozen mold', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('uses no CPU and runs no timer, while the workers forked from it run theirs', async () => {
    server = await Server.start({ app, workers: 2 });
    const { mold, workers } = await server.stats();
    const moldPid = mold?.pid ?? 0;
    const at = (): object => ({
      cpu: processOf(moldPid)?.ticks,
      timer: ticksOf(server, moldPid),
      state: processOf(moldPid)?.state,
    });
    const before = at();
    expect(before).to.include({ state: 'S' });
    const counted = workers.map(({ pid }) => ticksOf(server, pid));
    // The workers' own timers measure the time: a thousand of their milliseconds, and more of ours.
    const started = Date.now();
    await until('the intervals of the workers to run', () =>
      workers.every(({ pid }, index) => ticksOf(server, pid) > (counted[index] ?? 0) + 1_000),
    );
    await until('three seconds', () => Date.now() > started + 3_000);
    expect(at()).to.deep.equal(before);
    await server.stop();
  });

  for (const [signal, load] of [
    ['SIGTERM', 2],
    ['SIGQUIT', 2],
    ['SIGINT', 2],
    ['SIGTERM', 1],
  ] as const)
    it(`exits on ${signal} and is replaced, with ${load} workers`, async () => {
      server = await Server.start({ app, workers: load });
      const { mold } = await server.stats();
      process.kill(mold?.pid ?? 0, signal);
      const text = signal === 'SIGINT' ? 'ended unexpectedly' : 'exited';
      const line = await server.logged(text, { pid: mold?.pid });
      expect(line).to.include({ role: 'mold', slot: null, generation: 0, code: 0, signal: null });
      await server.settled(1);
      const after = await expectPostConditions(server, { workers: load });
      expect(after.mold?.pid).to.not.equal(mold?.pid);
      await server.stop();
    });

  it('ignores the signals that are meant for the monitor (S8)', async () => {
    server = await Server.start({ app, workers: 2 });
    const before = await server.stats();
    const pids = [before.mold?.pid ?? 0, ...before.workers.map(({ pid }) => pid)];
    for (const signal of ['SIGURG', 'SIGUSR1', 'SIGUSR2', 'SIGHUP', 'SIGPIPE', 'SIGCHLD'] as const)
      for (const pid of pids) for (let times = 0; times < 20; times++) process.kill(pid, signal);
    process.kill(before.workers[0]?.pid ?? 0, 'SIGKILL');
    await server.logged('ready', { slot: 0, generation: 0 });
    const after = await expectPostConditions(server, { workers: 2 });
    expect(after.mold?.pid).to.equal(before.mold?.pid);
    expect(after.workers[1]?.pid).to.equal(before.workers[1]?.pid);
    await server.stop();
  });
});
