// Goal: a process that is out of descriptors sheds or waits, does not spin, and recovers once it
// has some; no other process notices, and operators are told. Method: prlimit(1) lowers the limit of a running worker, or
// of the monitor; connections, CPU time from /proc, and the log.
import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { expectPostConditions, metricValue } from '../support/post-conditions.js';
import { descriptors, processOf } from '../support/processes.js';
import { RawConnection } from '../support/raw-connection.js';
import { fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

/** The soft limit only: so it can be raised again. */
const limit = (pid: number, descriptorsAtMost: number): void => {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${descriptorsAtMost}:`]);
};

/** Undefined while there is none. */
const warnings = (server: Server) => {
  const lines = server.log().filter(({ msg }) => msg.startsWith('out of descriptors'));
  return lines.length > 0 ? lines : undefined;
};

const ticksPerSecond = 100;

describe('out of descriptors,', () => {
  let server: Server;
  const open: RawConnection[] = [];
  afterEach(() => {
    for (const connection of open.splice(0)) connection.close();
    return server.destroy();
  });

  it('a worker does not spin, and serves again when connections have ended (R4)', async () => {
    server = await Server.start({ app: fixtureApp('plain.mjs'), workers: 1 });
    const { pid = 0 } = (await server.stats()).workers[0] ?? {};
    limit(pid, descriptors(pid).size + 10);
    for (let count = 0; count < 60; count++) open.push(await RawConnection.open(server.port));
    await until('the worker to have no descriptor left', () =>
      open.some(({ ending }) => ending !== undefined),
    );
    const before = processOf(pid)?.ticks ?? 0;
    const started = Date.now();
    await until('two seconds', () => Date.now() - started >= 2_000);
    const cpu = ((processOf(pid)?.ticks ?? 0) - before) / ticksPerSecond / 2;
    expect(cpu, 'CPUs that the worker uses').to.be.below(0.2);
    const [warning] = await until('a warning', () => warnings(server));
    expect(warning).to.include({ level: 'warn', role: 'worker', slot: 0, pid, others: 0 });
    expect(warning?.msg).to.match(
      /^out of descriptors \(\d+ of \d+ in use\): connections are turned away; raise LimitNOFILE/,
    );
    const metrics = await server.metrics();
    const worker = { role: 'worker', slot: '0' };
    const used = metricValue(metrics, 'pitchfork_process_open_fds', worker);
    expect(used).to.be.at.least(metricValue(metrics, 'pitchfork_process_max_fds', worker) - 2);
    const counted = { role: 'worker' };
    expect(metricValue(metrics, 'pitchfork_out_of_descriptors_total', counted)).to.be.above(0);
    for (const connection of open.splice(0)) connection.close();
    await until('an answer', () => server.get(), 2_000);
    const { workers } = await expectPostConditions(server, { workers: 1 });
    expect(workers[0]?.pid).to.equal(pid);
    await server.stop();
  });

  it('the monitor keeps its workers, and replaces one as soon as it can (R5)', async () => {
    server = await Server.start({ app: fixtureApp('plain.mjs'), workers: 2 });
    const { mold, workers: before } = await server.stats();
    const [victim, other] = before;
    limit(server.pid, 5);
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    // Twice, since a mold that fails to fork twice is replaced; this one is not to blame.
    await until('two tries', () => server.log('could not order a fork').length >= 2);
    expect(server.isRunning).to.equal(true);
    for (let request = 0; request < 5; request++) {
      const connection = await RawConnection.open(server.port);
      connection.send('/');
      open.push(connection);
    }
    const [warning] = await until('a warning', () => warnings(server));
    expect(warning).to.include({ role: 'monitor', pid: server.pid });
    limit(server.pid, 1024);
    for (const connection of open) expect((await connection.answer()).status).to.equal(200);
    const after = await expectPostConditions(server, { workers: 2 });
    expect(after.workers[1]?.pid).to.equal(other?.pid);
    expect(after.mold?.pid, 'the mold').to.equal(mold?.pid);
    await server.stop();
  });
});
