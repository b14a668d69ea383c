// Checks after one failed attempt at a refork, whatever its cause: the old generation serves
// without a loss, log and stats name the reason, the next candidate is tried after the back-off and
// succeeds, and all post-conditions hold in the end.
import { expect } from 'chai';
import { lowestCapacity } from './capacity.js';
import { failures, startLoad } from './load.js';
import { baseline, expectPostConditions, metricValue } from './post-conditions.js';
import { fixtureApp, Server } from './server.js';
import { until } from './until.js';

export interface ReforkFault {
  /** Completes the sentence "survives …". */
  readonly what: string;
  readonly failpoint?: string;
  /** Configuration that makes the first attempt fail. */
  readonly config?: string;
  /** The expected reason in log and stats. */
  readonly reason: RegExp;
  /** The failing process has clients at that moment, whose requests are lost with it. */
  readonly takesClientsAlong?: boolean;
}

const workers = 2;
const connections = 2;

/** The caller destroys the server in any case. */
export async function startWithFault(fault: ReforkFault, config = ''): Promise<Server> {
  return Server.start({
    app: fixtureApp('plain.mjs'),
    workers,
    config: `refork: { drainTimeout: '3s', backoff: '300ms', canary: '100ms' },
      ${config} ${fault.config ?? ''}`,
    env: fault.failpoint === undefined ? {} : { PITCHFORK_FAILPOINT: fault.failpoint },
  });
}

export async function expectSurvived(server: Server, fault: ReforkFault): Promise<void> {
  const before = await baseline(server);
  const { mold } = await server.stats();
  const load = startLoad({ port: server.port, conns: connections, seconds: 50 });
  await load.started;
  const outcome = server.refork();

  const failed = await server.logged('refork failed', { generation: 1 });
  expect(failed.reason, 'the reason in the log').to.match(fault.reason);
  const stats = await until('the reason in the stats', async () => {
    const now = await server.stats();
    return now.refork.lastError === null ? undefined : now;
  });
  expect(stats.refork.lastError, 'the reason in the stats').to.match(fault.reason);
  expect(stats.mold, 'the old mold').to.deep.equal(mold);
  expect(
    stats.workers.map(({ generation, ready }) => ({ generation, ready })),
    'the old generation',
  ).to.deep.equal(Array.from({ length: workers }, () => ({ generation: 0, ready: true })));

  expect((await outcome).body, 'the next candidate').to.include({ ok: true, generation: 2 });
  const result = await load.stop();
  const lost = failures(result);
  const explanation = JSON.stringify({ ...result, bodies: undefined });
  expect(lost, explanation).to.be.at.most(fault.takesClientsAlong ? connections : 0);
  expect(lowestCapacity(server), 'serving workers at any moment').to.equal(workers);
  expect(server.log('refork begins').map(({ next }) => next)).to.deep.equal([1, 2]);

  await expectPostConditions(server, { workers, baseline: before });
  expect((await server.stats()).refork.lastError).to.equal(null);
  const metrics = await server.metrics();
  const reforks = (label: string): number =>
    metricValue(metrics, 'pitchfork_reforks_total', { result: label });
  expect([reforks('failure'), reforks('success')]).to.deep.equal([1, 1]);
  await server.stop();
}
