// Goal: garbage is collected after that many requests, once, and only while none is handled. Method:
// figures as a worker counts them.
import { expect } from 'chai';
import { OutOfBandGc } from '../../lib/heap/out-of-band.js';

describe('OutOfBandGc', () => {
  let collections = 0;
  beforeEach(() => (collections = 0));
  const every = (requests: number | false) => new OutOfBandGc(requests, () => collections++);

  it('collects once after each burst (T64)', () => {
    const gc = every(100);
    for (const requests of [0, 50, 99]) gc.beat({ requests, inFlight: 0 });
    expect(collections).to.equal(0);
    for (const requests of [130, 130, 229]) gc.beat({ requests, inFlight: 0 });
    expect(collections).to.equal(1);
    gc.beat({ requests: 230, inFlight: 0 });
    expect(collections).to.equal(2);
  });

  it('waits until no request is in flight', () => {
    const gc = every(1);
    gc.beat({ requests: 5, inFlight: 1 });
    expect(collections).to.equal(0);
    gc.beat({ requests: 6, inFlight: 0 });
    expect(collections).to.equal(1);
  });

  it('never collects unless it is told to', () => {
    every(false).beat({ requests: 1_000_000, inFlight: 0 });
    expect(collections).to.equal(0);
  });
});
