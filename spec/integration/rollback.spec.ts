// Goal: after a phased restart the old code is a moment away: `rollback` returns to it under load with
// nothing lost, and the server does so by itself when the new code dies. Method: the app file is
// replaced; the real command, stats, metrics and the log; clients that count every failure.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { failures, startLoad } from '../support/load.js';
import { timeOf } from '../support/log-time.js';
import { expectPostConditions, metricValue } from '../support/post-conditions.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const command = fileURLToPath(new URL('../../bin/pitchfork-ts.js', import.meta.url));

const code = (name: string, extra = ''): string => `
${extra}
export default (request, response) => response.end('${name}');
`;

/** Dies in each worker, after its trial. */
const doomed = (afterMs: number, how: string): string =>
  `const mold = process.pid; const born = {};
setInterval(() => {
  if (process.pid === mold) return;
  born[process.pid] ??= Date.now();
  if (Date.now() - born[process.pid] > ${afterMs}) ${how};
}, 20);`;

describe('rollback', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const start = async (config = ''): Promise<Server> => {
    const window = `rollback: { window: '20s' }, spawnTimeout: '30s',`;
    return Server.start({ app: { text: code('old') }, workers: 3, config: window + config });
  };
  const write = (text: string): void => writeFileSync(join(server.directory, 'app.mjs'), text);
  const restart = async (text: string): Promise<object> => {
    write(text);
    return (await server.ask('POST', '/phased-restart?wait=1')).body as object;
  };
  const run = async (...line: string[]): Promise<string> => {
    const args = [command, ...line, '--control', server.control];
    return (await promisify(execFile)(process.execPath, args)).stdout;
  };

  it('returns to the old code in milliseconds, under load, with nothing lost (S12)', async () => {
    server = await start(`afterBooted() { console.log('booted: hook'); },`);
    const before = await server.stats();
    expect(await restart(code('new'))).to.include({ ok: true, phase: 1 });
    const kept = (await server.stats()).rollback;
    expect(kept.mold).to.include({ pid: before.mold?.pid, phase: 0 });
    expect(kept).to.include({ automatic: true, unavailable: null });
    expect(kept.endsInMs).to.be.within(1, 20_000);
    expect(kept.mold?.memory?.private).to.be.above(0);
    expect(await run('status')).to.match(/^old mold +\d+ +0 +0 +kept \d+s +- +- +\d+\.\dM/m);
    const loads = (['keepalive', 'close'] as const).map((mode) =>
      startLoad({ port: server.port, mode, conns: 4, seconds: 60 }),
    );
    await Promise.all(loads.map(({ started }) => started));
    const text = await run('rollback', '--wait');
    expect(text).to.match(/^rollback: done in \d\.\d s: phase 0 on 3 workers\n$/);
    const complete = await server.logged('rollback complete', { phase: 0 });
    expect(complete['ms']).to.be.below(2_000);
    for (const load of loads) {
      const result = await load.stop();
      expect(failures(result), JSON.stringify(result)).to.equal(0);
      expect(Object.keys(result.bodies)).to.include('old');
    }
    const after = await expectPostConditions(server, { workers: 3 });
    expect(after.mold).to.include({ pid: before.mold?.pid, phase: 0 });
    expect(after).to.include({ phase: 0 });
    expect(after.rollback).to.deep.equal({
      ...{ mold: null, endsInMs: null, automatic: false },
      unavailable: 'the old code is back already',
    });
    expect(await server.get()).to.equal('old');
    expect(server.text().split('booted: hook').length - 1).to.equal(3);
    const labels = { cause: 'requested', result: 'success' };
    expect(metricValue(await server.metrics(), 'pitchfork_rollbacks_total', labels)).to.equal(1);
    expect((await server.ask('POST', '/rollback')).body).to.deep.equal({
      ...{ ok: false, error: 'no rollback: the old code is back already' },
    });
    const newer = await restart(code('newer'));
    expect(newer, JSON.stringify(newer)).to.include({ ok: true, phase: 2 });
    expect(await server.get()).to.equal('newer');
    await server.stop();
  });

  const deaths: [how: string, statement: string, config: string, reason: RegExp][] = [
    ['exits', 'process.exit(3)', '', /exit code 3/],
    ['hangs', 'for (;;);', `heartbeatTimeout: '1s',`, /no heartbeat for 1000 ms/],
  ];
  for (const [how, statement, config, reason] of deaths)
    it(`comes by itself when the new code ${how} after its trial (S11)`, async () => {
      server = await start(config);
      expect(await restart(code('new', doomed(1_500, statement)))).to.have.property('ok');
      const line = await server.logged('the new code dies, rolling back to the old');
      expect(line).to.include({ level: 'error', next: 0 });
      expect(line.reason).to.match(reason);
      const complete = await server.logged('rollback complete', { phase: 0 });
      expect(timeOf(complete) - timeOf(line)).to.be.below(3_000);
      const stats = await expectPostConditions(server, { workers: 3 });
      expect(stats.phase).to.equal(0);
      expect(stats.refork.lastError).to.match(/^the new code was rolled back: \d+ deaths/);
      expect(await run('status')).to.match(/^the last rollout failed: the new code was rolled/m);
      expect(await server.get()).to.equal('old');
      const labels = { cause: 'automatic', result: 'success' };
      expect(metricValue(await server.metrics(), 'pitchfork_rollbacks_total', labels)).to.equal(1);
      await server.stop();
    });

  it('ends the trial of new code that is under way', async () => {
    server = await start(`phasedRestart: { canary: '20s' },`);
    const { workers } = await server.stats();
    write(code('new'));
    const answer = server.ask('POST', '/phased-restart?wait=1');
    await until('the canary', async () => (await server.stats()).refork.state === 'canary');
    expect(await run('rollback', '--wait')).to.equal('rollback: done\n');
    expect((await answer).body).to.deep.equal({ ok: false, error: 'rolled back: control command' });
    const after = await expectPostConditions(server, { workers: 3 });
    expect(after.workers.map(({ pid }) => pid)).to.deep.equal(workers.map(({ pid }) => pid));
    await server.stop();
  });

  it('is handed over by a hot restart, and undoes it as far as the code goes', async () => {
    server = await start();
    const before = await server.stats();
    write(code('new'));
    await run('restart', '--wait');
    expect((await server.settled()).phase).to.equal(1);
    expect(await server.get()).to.equal('new');
    expect(await run('rollback', '--wait')).to.include('phase 0 on 3 workers');
    const after = await expectPostConditions(server, { workers: 3 });
    expect(after).to.include({ phase: 0, restarts: 1 });
    expect(after.mold?.pid).to.equal(before.mold?.pid);
    expect(await server.get()).to.equal('old');
    await server.stop();
  });

  it('is over with its window, and a stop in the window leaves nothing behind', async () => {
    server = await start(`rollback: { window: '500ms' },`);
    expect(await restart(code('new'))).to.include({ ok: true });
    await server.logged('rollback no longer possible', { reason: 'its window is over' });
    await expectPostConditions(server, { workers: 3 });
    const refused = await promisify(execFile)(process.execPath, [
      ...[command, 'rollback', '--control', server.control],
    ]).catch((error: unknown) => error);
    expect(String(refused)).to.include('no rollback: its window is over');
    await server.stop();
    server = await start();
    expect(await restart(code('new'))).to.include({ ok: true });
    expect((await server.stats()).rollback.mold).to.not.equal(null);
    await server.stop();
  });
});
