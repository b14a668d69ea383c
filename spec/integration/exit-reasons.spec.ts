// Goal: operators see why a worker ended: the monitor's own reason, in the metric, the log and the
// stats; and a kill for lack of memory apart from others. Method: workers that end in every way; a
// memory cgroup, where root can make one.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { exitReasons, type ExitReason } from '../../lib/control-api/exit-reason.js';
import { MemoryCgroup } from '../support/memory-cgroup.js';
import { metricValue } from '../support/post-conditions.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server, type LogLine } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `
const kept = [];
export default ({ url }, response) => {
  if (url === '/spin') for (;;);
  if (url === '/exit') process.exit(99);
  if (url === '/eat') for (;;) kept.push(Buffer.alloc(2 ** 20, 1));
  if (url !== '/never') response.end('ok');
};`,
};

const prelude = `
import { existsSync, unlinkSync } from 'node:fs';
const hangOnce = (name) => {
  const mark = new URL(name, import.meta.url);
  if (!existsSync(mark)) return;
  unlinkSync(mark);
  return new Promise(() => undefined);
};`;
const config = `
heartbeatTimeout: '3s', requestTimeout: '3s', cleanupTimeout: '2s',
shutdownTimeout: '500ms',
beforeWorkerExit: () => hangOnce('hang-at-exit'),`;

describe('the reason for an exit', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const mark = (name: string): void => writeFileSync(join(server.directory, name), '');

  /** The lines of ends that nobody asked for. */
  const ends = (): LogLine[] =>
    server
      .log()
      .filter(({ msg }) => msg === 'exited' || msg === 'ended unexpectedly')
      .filter(({ cause }) => cause !== 'asked');

  /** The line of the next such end with this cause. On a busy machine there may be others. */
  async function ended(cause: ExitReason, act: () => unknown): Promise<LogLine> {
    const count = ends().length;
    await act();
    const next = () =>
      ends()
        .slice(count)
        .find((line) => line['cause'] === cause);
    return until(`an end (${cause})`, next);
  }

  const ask = async (url: string): Promise<void> => {
    const connection = await RawConnection.open(server.port);
    connection.send(url);
    await connection.ended();
  };
  const killOne = async (): Promise<void> => {
    process.kill((await server.stats()).workers[0]?.pid ?? 0, 'SIGKILL');
  };

  it("is the monitor's own, or derived from the way in which it ended", async () => {
    server = await Server.start({ app, workers: 2, prelude, config });
    await ended('heartbeat', () => ask('/spin'));
    await server.settled();
    // It is replaced, and drains until `shutdownTimeout`.
    const late = await ended('request_timeout', () => ask('/never'));
    expect(late).to.include({ msg: 'exited', code: 0 });
    await server.settled();
    const exited = await ended('code', () => ask('/exit'));
    expect(exited.reason).to.equal('exit code 99');
    await server.settled();
    const killed = await ended('signal', killOne);
    expect(killed.reason).to.match(/^SIGKILL: not sent by pitchfork-ts/);
    await server.settled();

    mark('hang-at-exit');
    await ended('shutdown_timeout', () => server.ask('POST', '/workers/remove'));
    await server.settled();

    const metrics = await server.metrics();
    for (const reason of exitReasons.filter((one) => one !== 'asked')) {
      const count = metricValue(metrics, 'pitchfork_worker_exits_total', { reason });
      expect(count, reason).to.equal(ends().filter(({ cause }) => cause === reason).length);
    }
    const { deaths } = await server.stats();
    expect(deaths.reduce((sum, { count }) => sum + count, 0)).to.equal(ends().length);
    const last = deaths.map(({ last: { reason } }) => reason);
    expect(last).to.include('shutdown_timeout');
    await server.stop();
  });

  it('is "oom" when the kernel killed it for lack of memory (W11)', async function () {
    let group: MemoryCgroup;
    try {
      group = MemoryCgroup.make(500 * 2 ** 20);
    } catch (error) {
      console.log(`      no memory cgroup can be made here: ${String(error)}`);
      return this.skip();
    }
    try {
      server = await Server.start({ app, workers: 2, launcher: group.launcher });
      const line = await ended('oom', () => ask('/eat'));
      expect(line).to.include({ role: 'worker', signal: 'SIGKILL' });
      expect(line.reason).to.equal('SIGKILL: the kernel killed it, out of memory');
      await server.settled();
      await ended('signal', killOne);
      await server.settled();
      const metrics = await server.metrics();
      const reason = { reason: 'oom' };
      expect(metricValue(metrics, 'pitchfork_worker_exits_total', reason)).to.equal(1);
      await server.stop();
    } finally {
      await server.destroy();
      await group.remove();
    }
  });
});
