// Goal: what one program of the monitor knows of its children, the next one knows too, by its own
// clock. Method: a fleet is recorded, sent through JSON, and restored at another time.
import { expect } from 'chai';
import { Fleet } from '../../../lib/monitor/fleet/fleet.js';
import {
  recordFleet,
  restoreFleet,
  type HandOver,
} from '../../../lib/monitor/hot-restart/hand-over.js';
import { wantedWorkers } from '../../../lib/monitor/hot-restart/hand-over.js';
import { canReplaceProgram } from '../../../lib/monitor/plan/restart-rule.js';
import { createMetrics } from '../../../lib/metrics/registry.js';
import { Totals } from '../../../lib/metrics/totals.js';

const options = { workers: 2, backoffMs: 300 };
const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

function serving(): Fleet {
  const fleet = new Fleet(options);
  const role = { role: 'worker', slot: 1, generation: 3, phase: 2, parent: null } as const;
  const child = fleet.add({ ...role, state: 'starting' }, 1_000);
  child.pid = 77;
  fleet.hear(child, { type: 'serving' }, 4_000);
  Object.assign(fleet, { phase: 2, nextGeneration: 4, loaded: true, booted: true });
  return fleet;
}

describe('a hand-over', () => {
  it('keeps children, with their ages', () => {
    const before = serving();
    const after = restoreFleet(throughJson(recordFleet(before, 5_000)), options, 100);
    const [child] = after.children.values();
    expect(child).to.deep.include({ id: 1, pid: 77, state: 'serving', slot: 1, generation: 3 });
    expect(child).to.include({ createdAt: 100 - 4_000, stateSince: 100 - 1_000, lastHeard: -900 });
    expect(after).to.include({ phase: 2, nextGeneration: 4, booted: true, restarts: 1 });
  });

  it('gives no id twice', () => {
    const after = restoreFleet(throughJson(recordFleet(serving(), 5_000)), options, 100);
    const role = { role: 'worker', slot: 0, generation: 0, phase: 2, parent: null } as const;
    expect(after.add({ ...role, state: 'booting' }, 200).id).to.equal(2);
  });

  it('goes by the configured number of workers only if that has changed', () => {
    const fleet = recordFleet(new Fleet({ workers: 5, backoffMs: 1 }), 0);
    const before = { fleet, configuredWorkers: 2 } as HandOver;
    expect(wantedWorkers(before, { workers: 2, single: false })).to.equal(5);
    expect(wantedWorkers(before, { workers: 3, single: false })).to.equal(3);
  });

  it('waits for whoever starts, and never comes before TERM', () => {
    const fleet = serving();
    expect(canReplaceProgram(fleet)).to.equal(true);
    fleet.stopping = 'graceful';
    expect(canReplaceProgram(fleet)).to.equal(false);
    fleet.stopping = null;
    const role = { role: 'mold', slot: null, generation: 0, phase: 0, parent: null } as const;
    fleet.add({ ...role, state: 'booting' }, 0).pid = 78;
    expect(canReplaceProgram(fleet)).to.equal(false);
  });

  it('goes on with the totals', () => {
    const latency = { counts: [1, 2], sumSeconds: 3 };
    const before = new Totals();
    before.update(1, { requests: 10, latency });
    before.update(2, { requests: 5, latency });
    before.retire(2);
    before.read();
    const after = new Totals(throughJson(before.record()));
    after.update(1, { requests: 12, latency });
    expect(after.read().requests).to.equal(17);
  });

  it('goes on with the counts of events', async () => {
    const read = () => Promise.reject(new Error('not read'));
    const before = createMetrics({ read });
    before.forked(0.002);
    before.exited('SIGKILL');
    const after = createMetrics({ read }, throughJson(await before.record()));
    after.forked(0.002);
    after.exited('SIGKILL');
    const sums = (await after.record()).flatMap(({ name, values }) =>
      values.map(({ metricName, value }) => [metricName ?? name, value] as const),
    );
    expect(new Map(sums).get('pitchfork_worker_exits_total')).to.equal(2);
    expect(new Map(sums).get('pitchfork_fork_duration_seconds_count')).to.equal(2);
  });
});
