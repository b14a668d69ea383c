// Goal: after any death of a worker its slot is served again within a second, and no other worker
// notices. Method: workers are killed and made to end in every way, some under load; the monitor's
// reactions are read from its log.
import { expect } from 'chai';
import { failures, startLoad } from '../support/load.js';
import { baseline, expectPostConditions, metricValue } from '../support/post-conditions.js';
import { RawConnection } from '../support/raw-connection.js';
import { timeOf } from '../support/log-time.js';
import { Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `
export default (request, response) => {
  const [path, query] = request.url.split('?');
  if (path === '/abort') process.abort();
  if (path === '/segv') process.kill(process.pid, 'SIGSEGV');
  if (path === '/exit') process.exit(Number(query));
  if (path === '/later') throw setTimeout(() => { throw new Error('in a timer'); });
  response.end(String(process.pid));
};
`,
};

/** Sends a request that its worker does not survive; resolves with the connection's end. */
async function ruin(server: Server, url: string): Promise<void> {
  const connection = await RawConnection.open(server.port);
  connection.send(url);
  await connection.ended();
}

describe('a dead worker', () => {
  let server: Server;
  afterEach(() => server.destroy());

  /** From the end of this process to its successor's first readiness, by the log. */
  const refilledAfterMs = async (pid: number): Promise<number> => {
    const end = await server.logged('ended unexpectedly', { pid });
    const ready = await until('the successor', () =>
      server.log('ready').find((line) => line.slot === end.slot && timeOf(line) >= timeOf(end)),
    );
    return timeOf(ready) - timeOf(end);
  };

  it('is replaced within a second, five times, and costs only the requests inside it (W1, G6)', async () => {
    server = await Server.start({ app, workers: 4 });
    const before = await baseline(server);
    const conns = 8;
    const load = startLoad({ port: server.port, mode: 'close', conns, seconds: 60 });
    await load.started;
    const killed: number[] = [];
    for (let round = 0; round < 5; round++) {
      const { slot, pid } = (await server.stats()).workers[round % 4] ?? { slot: 0, pid: 0 };
      process.kill(pid, 'SIGKILL');
      killed.push(pid);
      expect(await refilledAfterMs(pid), `time until slot ${slot} was served`).to.be.below(1_000);
      const [line, ...more] = server.log('ended unexpectedly').filter((item) => item.pid === pid);
      expect(line).to.include({ role: 'worker', slot, generation: 0, code: null });
      expect(line).to.include({ signal: 'SIGKILL', level: 'error' });
      expect(more).to.deep.equal([]);
      await until('a second since the kill', () => Date.now() - timeOf(line) > 1_000);
    }
    const result = await load.stop();
    // Lost at most: the connections that the worker had accepted each time.
    expect(result.refused + result.timeout + result.bad_status, JSON.stringify(result)).to.equal(0);
    expect(failures(result)).to.be.at.most(5 * conns);
    expect(failures(result)).to.be.below(result.ok / 20);
    const after = await expectPostConditions(server, { workers: 4, baseline: before });
    expect(after.generation).to.equal(0);
    for (const { pid } of after.workers) expect(killed).to.not.include(pid);
    const exits = metricValue(await server.metrics(), 'pitchfork_worker_exits_total', {
      reason: 'signal',
    });
    expect(exits).to.equal(5);
    await server.stop();
  });

  const signalled = (signal: string): object => ({ code: null, signal });
  const exited = (code: number): object => ({ code, signal: null });
  const ends: [row: string, name: string, url: string, fields: object, reason: string][] = [
    ['W2', 'aborts', '/abort', signalled('SIGABRT'), 'signal'],
    ['W2', 'breaks the memory', '/segv', signalled('SIGSEGV'), 'signal'],
    ['W12', 'exits with 0', '/exit?0', exited(0), 'code'],
    ['W12', 'exits with 7', '/exit?7', exited(7), 'code'],
    ['F3', 'throws in a timer', '/later', exited(1), 'code'],
  ];
  for (const [row, name, url, fields, reason] of ends)
    it(`is replaced when it ${name} (${row})`, async () => {
      server = await Server.start({ app, workers: 2 });
      const before = await baseline(server);
      await ruin(server, url);
      const line = await server.logged('ended unexpectedly');
      expect(line).to.include({ role: 'worker', generation: 0, ...fields });
      await refilledAfterMs(line.pid ?? 0);
      await expectPostConditions(server, { workers: 2, baseline: before });
      const metrics = await server.metrics();
      expect(metricValue(metrics, 'pitchfork_worker_exits_total', { reason })).to.equal(1);
      expect(metricValue(metrics, 'pitchfork_worker_exits_total')).to.equal(1);
      await server.stop();
    });

  it('is replaced ever more slowly when they crash in a row (W3)', async () => {
    server = await Server.start({ app, workers: 1, config: `maxConsecutiveSpawnErrors: false,` });
    const started = Date.now();
    while (Date.now() - started < 6_000)
      await withDeadline(ruin(server, '/exit?1'), 15_000, 'the worker to end').catch(
        () => undefined,
      );
    expect(server.log('ready').length).to.be.within(6, 15);
    await expectPostConditions(server, { workers: 1 });
    await server.stop();
  });

  it('is not a failed start, however many die at once', async () => {
    const config = `maxConsecutiveSpawnErrors: 2,`;
    server = await Server.start({ app, workers: 4, config });
    for (const { pid } of (await server.stats()).workers) process.kill(pid, 'SIGKILL');
    await expectPostConditions(server, { workers: 4 });
    await server.stop();
  });
});
