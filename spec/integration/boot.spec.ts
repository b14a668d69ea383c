// Goal: a boot ends with every worker ready and the app only in its own processes, or with one
// clear reason and nothing left. Method: apps that record each process that evaluates them, and
// apps that fail in every way; the processes are read from /proc.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { baseline, expectPostConditions, metricValue } from '../support/post-conditions.js';
import { processOf } from '../support/processes.js';
import { Server, fixtureApp, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const evaluated = (server: Server): number[] =>
  [...server.text().matchAll(/app evaluated by (\d+)/g)].map(([, pid]) => Number(pid));

const say = 'console.log(`app evaluated by ${process.pid}`);';
const app = { text: `${say} export default (request, response) => response.end('ok');` };

describe('boot', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('makes every worker ready, as children of the monitor with titles and groups', async () => {
    server = await Server.start({ app: fixtureApp('express.mjs'), workers: 3 });
    const before = await baseline(server);
    const { workers, mold } = await expectPostConditions(server, { workers: 3, baseline: before });
    const titles = new Map([
      [server.pid, `pitchfork-ts monitor - ${server.configFile}`],
      [mold?.pid ?? 0, 'pitchfork-ts (gen:0) mold - ready'],
      ...workers.map(({ pid, slot }) => [pid, `pitchfork-ts (gen:0) worker[${slot}] - `] as const),
    ]);
    for (const [pid, title] of titles) {
      const process = processOf(pid);
      expect(process?.title).to.include(title);
      if (pid !== server.pid) {
        expect(process?.parent, `parent of ${title}`).to.equal(server.pid);
        expect(process?.group, `process group of ${title}`).to.equal(pid);
      }
    }
    for (const { pid } of workers)
      expect(server.log('ready').filter((line) => line.pid === pid)).to.have.lengthOf(1);
    expect(server.log('ready').map(({ slot }) => slot)).to.have.members([0, 1, 2]);
    const metrics = await server.metrics();
    expect(metricValue(metrics, 'pitchfork_workers', { state: 'serving' })).to.equal(3);
    expect(metricValue(metrics, 'pitchfork_generation')).to.equal(0);
    await server.stop();
  });

  it('gives every worker its own parent', async () => {
    const text =
      'export default (request, response) => response.end(`${process.pid} ${process.ppid}`);';
    server = await Server.start({ app: { text }, workers: 2 });
    const pids = new Set<number>();
    await until('an answer of each worker', async () => {
      const [pid = 0, parent = 0] = (await server.get()).split(' ').map(Number);
      expect(parent).to.equal(server.pid);
      pids.add(pid);
      return pids.size === 2;
    });
    expect((await server.stats()).workers.map(({ pid }) => pid)).to.have.members([...pids]);
    await server.stop();
  });

  it('evaluates the app once, and never in the monitor (O11)', async () => {
    const native = fixtureApp('uws.mjs');
    const text = `${say} export { default } from ${JSON.stringify(native)};`;
    server = await Server.start({ app: { text }, workers: 3, config: `engine: 'uws',` });
    const { mold, workers } = await server.stats();
    expect(evaluated(server)).to.deep.equal([mold?.pid]);
    const addons = (pid: number): string[] =>
      [...readFileSync(`/proc/${pid}/maps`, 'latin1').matchAll(/\S+\.node$/gm)].map(String);
    expect(addons(workers[0]?.pid ?? 0).join(), 'addons of a worker').to.match(/uws_\S+\.node/);
    expect([...new Set(addons(server.pid))]).to.have.lengthOf(1);
    expect(addons(server.pid)[0]).to.match(/pitchfork-.*\.node$/);
    await server.stop();
  });

  it('does not take a slow boot for a hang (C10)', async () => {
    const slow = 'await new Promise((resolve) => setTimeout(resolve, 3000));';
    const text = `${slow} ${app.text}`;
    server = await Server.start({ app: { text }, config: `heartbeatTimeout: '1s',` });
    await expectPostConditions(server, { workers: 2 });
    expect(server.log('killing')).to.deep.equal([]);
    await server.stop();
  });

  const hangs = /could not boot: not ready within 6000 ms/;
  const failures: [name: string, text: string, reason: RegExp][] = [
    ['throws', 'throw new Error("no database");', /could not boot: .*no database/],
    ['rejects', 'await Promise.reject(new Error("no cache"));', /could not boot: .*no cache/],
    ['exports no app', 'export default 7;', /could not boot: .*a number, which is not an app/],
    [
      'exits with 0',
      'process.exit(0);',
      /could not boot: .*app\.mjs:1:\d+: process\.exit\(0\) was called/,
    ],
    ['waits for ever', 'await new Promise(() => setInterval(() => 0, 1000));', hangs],
    ['never comes to an end', 'for (;;);', hangs],
    ['kills itself', 'process.kill(process.pid, "SIGKILL");', /could not boot: SIGKILL/],
  ];
  for (const [name, text, reason] of failures)
    it(`ends with code 1 and the reason when the app ${name} (C8)`, async () => {
      server = await Server.start({
        app: { text: `${say} ${text}` },
        config: reason === hangs ? `spawnTimeout: '6s',` : '',
        eager: true,
      });
      const { code } = await withDeadline(server.exit, 20_000, 'the server to give up');
      expect(code).to.equal(1);
      expect(evaluated(server), 'evaluations').to.have.lengthOf(1);
      expect(server.text().trimEnd().split('\n').at(-1))
        .to.match(/^pitchfork-ts: /)
        .and.match(reason);
      expect(server.log('giving up')[0]?.reason).to.match(reason);
      await server.expectNothingLeft();
    });

  it('gives a hanging boot no longer than the spawn timeout (C9)', async () => {
    const config = `spawnTimeout: '2s',`;
    server = await Server.start({ app: { text: 'for (;;);' }, config, eager: true });
    const started = await server.logged('monitor started');
    await withDeadline(server.exit, 20_000, 'the server to give up');
    const [killing] = server.log('killing');
    const ms = Date.parse(String(killing?.['time'])) - Date.parse(String(started['time']));
    expect(ms).to.be.within(2_000, 3_000);
    await server.expectNothingLeft();
  });

  it('gives up after the configured number of failed starts of workers (W15)', async () => {
    server = await Server.start({
      app,
      workers: 1,
      config: `maxConsecutiveSpawnErrors: 4, afterWorkerFork() { throw new Error('no socket'); },`,
      eager: true,
    });
    const { code } = await withDeadline(server.exit, 30_000, 'the server to give up');
    expect(code).to.equal(1);
    expect(server.log('spawning')).to.have.lengthOf(4);
    expect(evaluated(server)).to.have.lengthOf(1);
    expect(server.text().trimEnd().split('\n').at(-1)).to.match(
      /^pitchfork-ts: 4 starts .*no socket/,
    );
    await server.expectNothingLeft();
  });
});
