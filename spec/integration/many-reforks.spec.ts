// Goal: the costs of generations do not add up. Method: forty reforks in a row without a pause; the
// descriptors, threads and stacks of every role before and after, from /proc.
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { baseline, expectPostConditions } from '../support/post-conditions.js';
import { descriptors } from '../support/processes.js';
import { fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

const reforks = 40;

/** In KiB, of memory that the kernel calls the stack. */
function stackOf(pid: number): number {
  const smaps = readFileSync(`/proc/${pid}/smaps`, 'latin1');
  return Number(/\[stack\]\n(?:.*\n)*?Rss: +(\d+) kB/.exec(smaps)?.[1]);
}

const costsOf = (pid: number) => ({
  descriptors: descriptors(pid).size,
  threads: readdirSync(`/proc/${pid}/task`).length,
});

describe('many reforks', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it(`leave no descriptor, thread, zombie or deeper stack, ${reforks} of them (G8, M14)`, async () => {
    server = await Server.start({
      app: fixtureApp('plain.mjs'),
      workers: 1,
      config: `refork: { drainTimeout: '5s', backoff: '300ms', canary: '10ms' },`,
    });
    await server.refork();
    const { descriptors: before } = await baseline(server);
    const costs = async (generation: number) => {
      const { mold, workers } = await server.settled(generation);
      const pids = { monitor: server.pid, mold: mold?.pid ?? 0, worker: workers[0]?.pid ?? 0 };
      const stack = Math.max(stackOf(pids.mold), stackOf(pids.worker));
      return {
        stack,
        each: Object.entries(pids).map(([role, pid]) => ({ role, ...costsOf(pid) })),
      };
    };
    const first = await costs(1);
    for (let generation = 2; generation <= reforks + 1; generation++)
      expect((await server.refork()).body).to.include({ ok: true, generation });
    expect((await baseline(server)).descriptors).to.deep.equal(before);
    // The monitor has one more descriptor while it answers, or reads a file of /proc.
    const last = await until('costs as in the beginning', async () => {
      const found = await costs(reforks + 1);
      const grown = found.each.filter(({ descriptors: fds, threads }, index) => {
        const then = first.each[index];
        return !then || fds > then.descriptors || threads > then.threads;
      });
      expect(grown).to.deep.equal([]);
      return found;
    });
    // Each newborn was known by its pid from its birth on.
    expect(server.log('reaped unknown subprocess')).to.deep.equal([]);
    expect(last.stack, 'KiB of stack').to.be.at.most(first.stack + 64);
    await expectPostConditions(server, { workers: 1 });
    await server.stop();
  }).timeout(120_000);
});
