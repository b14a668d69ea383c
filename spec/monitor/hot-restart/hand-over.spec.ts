// Goal: the next program of the monitor continues with the counts and the number of workers of this
// one. Method: records are sent through JSON. (spec/monitor/fleet/record.spec.ts has the fleet.)
import { expect } from 'chai';
import { Fleet } from '../../../lib/monitor/fleet/fleet.js';
import { wantedWorkers, type HandOver } from '../../../lib/monitor/hot-restart/hand-over.js';
import { createMetrics } from '../../../lib/metrics/registry.js';
import { Totals } from '../../../lib/metrics/totals.js';

const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('a hand-over', () => {
  it('takes the configured number of workers only if that has changed', () => {
    const fleet = new Fleet({ workers: 5, backoffMs: 1 }).record(0);
    const before = { fleet, configuredWorkers: 2 } as HandOver;
    expect(wantedWorkers(before, { workers: 2, single: false })).to.equal(5);
    expect(wantedWorkers(before, { workers: 3, single: false })).to.equal(3);
  });

  it('continues with the totals', () => {
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

  it('continues with the counts of events', async () => {
    const read = () => Promise.reject(new Error('not read'));
    const before = createMetrics({ read });
    before.forked(0.002);
    before.exited('oom');
    const after = createMetrics({ read }, throughJson(await before.record()));
    after.forked(0.002);
    after.exited('oom');
    const sums = (await after.record()).flatMap(({ name, values }) =>
      values.map(({ metricName, value }) => [metricName ?? name, value] as const),
    );
    const exits = sums.filter(([name]) => name === 'pitchfork_worker_exits_total');
    expect(exits.reduce((sum, [, value]) => sum + value, 0)).to.equal(2);
    expect(new Map(sums).get('pitchfork_fork_duration_seconds_count')).to.equal(2);
  });
});
