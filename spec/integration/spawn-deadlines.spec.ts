// Goal: a newborn that does not become ready costs only itself: its slot is served in the end.
// Method: hooks and failpoints that hang, stop or fail in newborn workers; the monitor's reactions
// and their times in the log.
import { expect } from 'chai';
import { timeOf } from '../support/log-time.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { Server, fixtureApp, withDeadline, type LogLine } from '../support/server.js';
import { until } from '../support/until.js';

const app = fixtureApp('plain.mjs');

describe('a newborn worker that does not become ready', () => {
  let server: Server;
  afterEach(() => server.destroy());

  /** Slot 1 is served at the boot; then some starts fail, and the next one succeeds. */
  const failing = (what: string, times: number): string => `
    spawnTimeout: '6s',
    async afterWorkerFork({ slot }) {
      if (slot !== 1) return;
      const file = new URL('tries', import.meta.url);
      appendFileSync(file, '.');
      const { length } = readFileSync(file);
      if (length > 1 && length <= ${1 + times}) { ${what} }
    },`;
  const prelude = `import { appendFileSync, readFileSync } from 'node:fs';`;
  const isOurs = ({ slot }: LogLine): boolean => slot === 1;

  for (const [name, what, reason, times] of [
    ['hangs', 'await new Promise(() => undefined);', /not ready within 6000 ms/, 1],
    ['spins', 'for (;;);', /not ready within 6000 ms/, 1],
    ['stops', `process.kill(process.pid, 'SIGSTOP');`, /not ready within 6000 ms/, 1],
    ['throws', `throw new Error('no socket');`, /no socket/, 3],
    ['exits', 'process.exit(0);', /exit code 0/, 3],
  ] as const)
    it(`is given up when it ${name}, and tried again ever more slowly (W15)`, async () => {
      server = await Server.start({ app, workers: 2, prelude, config: failing(what, times) });
      const [steady, victim] = (await server.stats()).workers;
      process.kill(victim?.pid ?? 0, 'SIGKILL');
      await until(
        'slot 1 to be served again',
        () => server.log('ready').filter(isOurs).length === 2,
        30_000,
      );
      const [killed, ...ends] = server.log('ended unexpectedly').filter(isOurs);
      expect(killed?.pid).to.equal(victim?.pid);
      expect(ends).to.have.lengthOf(times);
      // A child that reports its failure itself has the reason in that line, and there only.
      const failures = server.log('failed');
      const reasonOf = ({ pid, reason }: LogLine): unknown =>
        reason ?? failures.find((line) => line.pid === pid)?.reason;
      for (const end of ends) expect(reasonOf(end)).to.match(reason);
      if (/not ready/.test(reason.source))
        for (const end of ends) expect(end).to.include({ cause: 'spawn_timeout' });
      const spawns = server.log('spawning').filter(isOurs).slice(1).map(timeOf);
      expect(spawns).to.have.lengthOf(times + 1);
      const pauses = spawns.slice(1).map((spawn, index) => spawn - (spawns[index] ?? 0));
      pauses.forEach((pause, index) => expect(pause).to.be.at.least(100 * 2 ** (index + 1) - 20));
      const after = await expectPostConditions(server, { workers: 2 });
      expect(after.workers[0]?.pid).to.equal(steady?.pid);
      await server.stop();
    });

  for (const name of ['worker.born=stop', 'worker.hook=sleep:60000', 'worker.serving=stop'])
    it(`is killed at the spawn timeout, with ${name}`, async () => {
      server = await Server.start({
        app,
        workers: 1,
        config: `spawnTimeout: '6s', maxConsecutiveSpawnErrors: 1,`,
        env: { PITCHFORK_FAILPOINT: name },
        eager: true,
      });
      const { code } = await withDeadline(server.exit, 30_000, 'the server to give up');
      expect(code).to.equal(1);
      expect(server.log('spawning')).to.have.lengthOf(1);
      const [killing, ...more] = server.log('killing').filter(({ role }) => role === 'worker');
      expect(more).to.deep.equal([]);
      expect(killing?.reason).to.equal('not ready within 6000 ms');
      expect(timeOf(killing) - timeOf(server.log('spawning')[0])).to.be.within(5_950, 8_000);
      expect(server.log('killing').filter(({ role }) => role === 'mold')).to.have.lengthOf(1);
      await server.expectNothingLeft();
    });
});
