// Goal: a child that sends too much is found out, and one that was suspended, or answers orders, is
// not. Method: a budget at times of the spec's own.
import { expect } from 'chai';
import { Budget } from '../../lib/protocol/budget.js';
import { Breach } from '../../lib/protocol/lines.js';
import { snapshotBytes } from '../../lib/protocol/limits.js';

/** The number of times that it can be done at one moment. */
function times(act: () => void): number {
  for (let count = 0; count < 1e6; count++)
    try {
      act();
    } catch (error) {
      expect(error).to.be.instanceOf(Breach);
      return count;
    }
  return Infinity;
}

describe('the budget of a child', () => {
  it('ends a flood of messages, of bytes, and of lines for the log', () => {
    expect(times(() => new Budget(0).takeMessage(0))).to.equal(Infinity);
    const budget = new Budget(0);
    expect(times(() => budget.takeMessage(0))).to.be.within(1_000, 5_000);
    expect(times(() => budget.takeNote(0))).to.be.within(100, 1_000);
    expect(times(() => budget.takeBytes(65_536, 0)) * 65_536).to.be.within(1e6, 1e7);
  });

  it('lasts for a hundred heartbeats a second', () => {
    const budget = new Budget(0);
    for (let now = 0; now < 600_000; now += 10) {
      budget.takeBytes(1_000, now);
      budget.takeMessage(now);
    }
  });

  it('is full again after a pause, and no more than that', () => {
    const budget = new Budget(0);
    const first = times(() => budget.takeMessage(0));
    expect(times(() => budget.takeMessage(3_600_000))).to.be.within(first - 5, first + 5);
  });

  it('has room for the answers that were ordered', () => {
    const budget = new Budget(0);
    for (let asked = 0; asked < 50; asked++) {
      budget.expectAnswer(snapshotBytes);
      budget.takeBytes(snapshotBytes, 0);
      budget.takeMessage(0);
    }
  });
});
