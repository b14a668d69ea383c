// Goal: the monitor knows the memory of processes that are to become molds, without asking them.
// Method: a fleet with this process in each state.
import { expect } from 'chai';
import { Fleet } from '../../../lib/monitor/fleet/fleet.js';
import { setPid, type ChildState } from '../../../lib/monitor/fleet/child.js';
import { watchFreezing } from '../../../lib/monitor/observe/freezing-memory.js';
import { somePid } from '../../support/some-pid.js';
import { until } from '../../support/until.js';

describe('the memory of freezing processes', () => {
  it('is measured while they boot or are promoted', async () => {
    const fleet = new Fleet({ workers: 2, single: false, backoffMs: 1_000 });
    const childIn = (role: 'mold' | 'worker', state: ChildState) => {
      const made = { role, state: 'booting', slot: null, generation: 0, phase: 0 } as const;
      const child = fleet.add({ ...made, parent: null }, 0);
      fleet.enter(child, state, 0);
      setPid(child, somePid(process.pid));
      return child;
    };
    const freezing = [childIn('mold', 'booting'), childIn('worker', 'promoting')];
    const others = [childIn('worker', 'booting'), childIn('worker', 'serving')];
    const end = watchFreezing(fleet);
    try {
      await until('a measurement', () => freezing.every(({ memoryBytes }) => memoryBytes > 0));
      const { rss } = process.memoryUsage();
      for (const { memoryBytes } of freezing) expect(memoryBytes).to.be.within(rss / 2, rss * 2);
      for (const { memoryBytes } of others) expect(memoryBytes).to.equal(0);
    } finally {
      end();
    }
  });
});
