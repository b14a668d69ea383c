// Goal: a hot restart replaces the monitor's program, under the same pid, while the workers serve:
// no request is lost, no counter falls, no descriptor stays behind, and a program that could not
// take over changes nothing but the answer. Method: the real command under load, with its
// configuration rewritten in between.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand } from '../support/command.js';
import { failures, startLoad } from '../support/load.js';
import { baseline, expectPostConditions, metricValue } from '../support/post-conditions.js';
import { fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = fixtureApp('plain.mjs');

describe('a hot restart (S6)', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const pids = async (): Promise<number[]> => (await server.stats()).workers.map(({ pid }) => pid);

  /** Waits for the new program; the rollout comes after it. */
  const restarted = (restarts: number): Promise<unknown> =>
    server.logged('monitor restarted', { restarts }, 30_000);

  const rolledOut = (phase: number): Promise<unknown> =>
    server.logged('phased restart complete', { phase }, 30_000);

  const rewrite = (change: (config: string) => string): void =>
    writeFileSync(server.configFile, change(readFileSync(server.configFile, 'utf8')));

  for (const mode of ['close', 'keepalive'] as const)
    it(`loses no request, three times under load (${mode})`, async () => {
      server = await Server.start({ app, workers: 3 });
      const before = await baseline(server);
      const { port } = server;
      const load = startLoad({ port, mode, conns: 8, seconds: 60 });
      await load.started;
      for (const restarts of [1, 2, 3]) {
        const served = metricValue(await server.metrics(), 'pitchfork_requests_total');
        const workers = await pids();
        server.signal('SIGUSR2');
        const line = (await restarted(restarts)) as { pid: number; listen: string[] };
        expect(line.pid).to.equal(server.pid);
        expect(line.listen).to.deep.equal([`http://127.0.0.1:${port}`]);
        await rolledOut(restarts);
        const ready = server.log('ready').filter((found) => found['phase'] === restarts);
        expect(ready).to.have.lengthOf(3);
        const stats = await server.settled();
        expect(stats).to.include({ phase: restarts, restarts, pid: server.pid });
        expect(stats.workers.map(({ pid }) => pid)).to.not.include.members(workers);
        const text = await server.metrics();
        expect(metricValue(text, 'pitchfork_requests_total')).to.be.at.least(served);
        const done = { result: 'success' };
        expect(metricValue(text, 'pitchfork_phased_restarts_total', done)).to.equal(restarts);
      }
      const result = await load.stop();
      expect(failures(result), JSON.stringify(result.samples)).to.equal(0);
      await expectPostConditions(server, { workers: 3, baseline: before });
      await server.stop();
    });

  it('keeps the workers where the rollout fails, and gives the reason', async () => {
    server = await Server.start({ app, workers: 2 });
    const workers = await pids();
    const broken = join(server.directory, 'broken.mjs');
    writeFileSync(broken, `throw new Error('no database');`);
    rewrite((config) => config.replace(/app: "[^"]*"/, `app: ${JSON.stringify(broken)}`));
    const { code, stderr } = await runCommand(['restart', '--wait', '--control', server.control]);
    expect(code).to.equal(1);
    expect(stderr).to.include('no database');
    expect(await pids()).to.deep.equal(workers);
    expect(await server.stats()).to.include({ restarts: 1, phase: 0 });
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('waits with --wait until all workers are new', async () => {
    server = await Server.start({ app, workers: 2 });
    const { code, stdout } = await runCommand(['restart', '--wait', '--control', server.control]);
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'restart: done\n' });
    const stats = await server.stats();
    expect(stats).to.deep.include({ phase: 1, restarts: 1 });
    expect(stats.workers.map(({ phase }) => phase)).to.deep.equal([1, 1]);
    await until(
      'the old workers to be gone',
      async () => (await server.stats()).leaving.length === 0,
    );
    await server.stop();
  });
});
