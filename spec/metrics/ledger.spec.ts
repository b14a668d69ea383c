import { expect } from 'chai';
import { Ledger } from '../../lib/metrics/ledger.js';

const sums = () => new Ledger<number>(0, { fold: (one, other) => one + other });

describe('Ledger', () => {
  it('keeps what a child counted when it is gone', () => {
    const ledger = sums();
    ledger.update(1, 5);
    ledger.retire(1);
    expect(ledger.gone()).to.equal(5);
    expect(ledger.live()).to.deep.equal([]);
  });

  it('lets a report that is read after the child was reaped replace the earlier one', () => {
    const ledger = sums();
    ledger.update(1, 5);
    ledger.retire(1);
    ledger.update(1, 7);
    expect(ledger.gone()).to.equal(7);
  });

  it('does not bring a child back to life that first reports when it is gone', () => {
    const ledger = sums();
    ledger.retire(1);
    ledger.update(1, 7);
    expect(ledger.live()).to.deep.equal([]);
    expect(ledger.gone()).to.equal(7);
  });

  it('adds up any number of children, each once', () => {
    const ledger = sums();
    for (let id = 1; id <= 1_000; id++) {
      ledger.update(id, 1);
      ledger.retire(id);
      ledger.retire(id);
    }
    expect(ledger.gone()).to.equal(1_000);
  });
});
