// Goal: totals never fall and count nothing twice, for any order of reports and exits.
import { expect } from 'chai';
import fc from 'fast-check';
import { emptyLatency, observe } from '../../lib/protocol/latency.js';
import { Totals, type Counts } from '../../lib/metrics/totals.js';

function counts(requests: number): Counts {
  const latency = emptyLatency();
  for (let request = 0; request < requests; request++) observe(latency, 0.003);
  return { requests, latency };
}

const observed = (totals: Totals): number =>
  totals.read().latency.counts.reduce((sum, count) => sum + count, 0);

describe('Totals', () => {
  it('add up living and gone workers', () => {
    const totals = new Totals();
    totals.update(1, counts(3));
    totals.update(2, counts(4));
    totals.retire(1);
    expect(totals.read().requests).to.equal(7);
    expect(observed(totals)).to.equal(7);
  });

  it('take the same report any number of times', () => {
    const totals = new Totals();
    for (let time = 0; time < 3; time++) totals.update(1, counts(3));
    totals.retire(1);
    totals.retire(1);
    totals.update(1, counts(3));
    expect(totals.read().requests).to.equal(3);
  });

  it('never fall, and end at what each child counted, in any order of events', () => {
    const event = fc.record({
      id: fc.nat(80),
      requests: fc.nat(20),
      gone: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 100 }), (events) => {
        const totals = new Totals();
        const largest = new Map<number, number>();
        let last = 0;
        for (const { id, requests, gone } of events) {
          totals.update(id, counts(requests));
          largest.set(id, Math.max(largest.get(id) ?? 0, requests));
          if (gone && largest.size < 32) totals.retire(id);
          expect(totals.read().requests).to.be.at.least(last);
          last = totals.read().requests;
        }
        expect(last).to.equal([...largest.values()].reduce((sum, count) => sum + count, 0));
        expect(observed(totals)).to.equal(last);
      }),
    );
  });
});
