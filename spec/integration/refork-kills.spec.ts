// Goal: when any process is killed in the middle of a refork, only its own requests are lost, the
// refork continues or the next candidate is tried, and the next refork succeeds. Method: failpoints
// hold the refork at a step; then SIGKILL to one process, under load.
import { expect } from 'chai';
import type { Failpoint } from '../../lib/life/process/failpoint.js';
import { failures, startLoad } from '../support/load.js';
import { baseline, expectPostConditions } from '../support/post-conditions.js';
import { isAlive } from '../support/processes.js';
import { reached } from '../support/reached.js';
import { canConnect, fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

/** `itself`: the process that stands at the failpoint. */
type Victim = 'itself' | 'the new mold' | 'the old mold' | 'another worker';

interface Kill {
  readonly step: Failpoint;
  readonly victim: Victim;
  /** The generation at the end of the refork. */
  readonly generation: number;
  /** Requests that may be lost with the victim. */
  readonly lost: number;
}

const connections = 2;
const workers = 2;

const kills: readonly Kill[] = [
  { step: 'promote.draining', victim: 'itself', generation: 2, lost: connections },
  { step: 'promote.draining', victim: 'the old mold', generation: 1, lost: 0 },
  { step: 'promote.draining', victim: 'another worker', generation: 1, lost: connections },
  { step: 'mold.hook', victim: 'itself', generation: 2, lost: 0 },
  { step: 'mold.hook', victim: 'the old mold', generation: 1, lost: 0 },
  { step: 'mold.hook', victim: 'another worker', generation: 1, lost: connections },
  { step: 'mold.compacting', victim: 'itself', generation: 2, lost: 0 },
  { step: 'mold.compacting', victim: 'the old mold', generation: 1, lost: 0 },
  { step: 'mold.frozen', victim: 'itself', generation: 2, lost: 0 },
  { step: 'mold.frozen', victim: 'the old mold', generation: 1, lost: 0 },
  { step: 'mold.frozen', victim: 'another worker', generation: 1, lost: connections },
  { step: 'worker.born', victim: 'itself', generation: 2, lost: 0 },
  { step: 'worker.born', victim: 'the new mold', generation: 2, lost: 0 },
  { step: 'worker.born', victim: 'the old mold', generation: 1, lost: 0 },
  { step: 'worker.born', victim: 'another worker', generation: 1, lost: connections },
];

const monitorSteps = [...new Set(kills.map(({ step }) => step))];

describe('SIGKILL in the middle of a refork', () => {
  let server: Server;
  afterEach(() => server.destroy());

  async function start(step: Failpoint): Promise<void> {
    server = await Server.start({
      app: fixtureApp('plain.mjs'),
      workers,
      env: { PITCHFORK_FAILPOINT: `${step}@1=sleep:1500` },
    });
  }

  async function find(victim: Victim, standing: number): Promise<number> {
    if (victim === 'itself') return standing;
    const [promoted] = server.log('promoting');
    const stats = await server.stats();
    const other = stats.workers.find(({ slot }) => slot !== promoted?.slot);
    const pids = { 'the new mold': promoted, 'the old mold': stats.mold, 'another worker': other };
    const pid = pids[victim]?.pid;
    if (!pid) throw new Error(`${victim} cannot be found in ${JSON.stringify(stats)}`);
    return pid;
  }

  for (const { step, victim, generation, lost } of kills)
    it(`of ${victim} at ${step} (M2, M3, M5, M6)`, async () => {
      await start(step);
      const before = await baseline(server);
      const load = startLoad({ port: server.port, conns: connections, seconds: 50 });
      await load.started;
      const outcome = server.refork();
      const pid = await find(victim, await reached(server, step, 1));
      process.kill(pid, 'SIGKILL');
      await server.logged('ended unexpectedly', { pid, signal: 'SIGKILL' });
      expect((await outcome).body).to.include({ ok: true, generation });
      expect((await server.refork()).body).to.include({ ok: true, generation: generation + 1 });

      const result = await load.stop();
      const explanation = JSON.stringify({ ...result, bodies: undefined });
      expect(failures(result), explanation).to.be.at.most(lost);
      await expectPostConditions(server, { workers, baseline: before });
      const next = server.log('refork begins').map((line) => line['next']);
      expect(next, 'generations').to.deep.equal(
        Array.from({ length: generation + 1 }, (_, index) => index + 1),
      );
      expect(server.log('booting'), 'boots').to.have.length(1);
      const ends = server.log('ended unexpectedly').filter((line) => line.pid === pid);
      expect(ends, 'log lines about the victim').to.have.length(1);
      await server.stop();
    });

  for (const step of monitorSteps)
    it(`of the monitor at ${step} (O3)`, async () => {
      await start(step);
      server.signal('SIGURG');
      await reached(server, step, 1);
      server.signal('SIGKILL');
      await server.exit;
      await until(
        'everybody to leave',
        () => !server.processes().some(({ pid }) => isAlive(pid)),
        2_000,
      );
      // The threads of a dead process may take a moment longer to release its sockets.
      await until('the port to be closed', async () => !(await canConnect(server.port)), 2_000);
    });
});
