// Goal: no queue is ever left without a worker, whatever the numbers.
import { expect } from 'chai';
import fc from 'fast-check';
import { queuesOf } from '../../../lib/monitor/fleet/queues.js';

const slotsOf = (workers: number): number[] => Array.from({ length: workers }, (_, slot) => slot);

describe('queuesOf', () => {
  it('gives each worker its own queue when there are as many', () => {
    expect(slotsOf(4).map((slot) => queuesOf(slot, 4, 4))).to.deep.equal([[0], [1], [2], [3]]);
  });

  it('hands orphaned queues to the workers that remain', () => {
    expect(slotsOf(2).map((slot) => queuesOf(slot, 2, 5))).to.deep.equal([
      [0, 2, 4],
      [1, 3],
    ]);
  });

  it('gives nothing to a slot that was removed, since another one has its queue', () => {
    expect(queuesOf(3, 2, 5)).to.deep.equal([]);
  });

  it('has each queue served by exactly one slot, for any numbers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(300), (workers, queueCount) => {
        const served = slotsOf(workers).flatMap((slot) => queuesOf(slot, workers, queueCount));
        expect(served.sort((one, other) => one - other)).to.deep.equal(slotsOf(queueCount));
      }),
    );
  });
});
