// Goal: a caller that waits for a rollout gets the outcome of one that began after its request.
// Method: the waiters alone, settled by hand.
import { expect } from 'chai';
import type { Outcome } from '../../lib/control-api/outcome.js';
import { Waiters } from '../../lib/monitor/waiters.js';

const done: Outcome = { ok: true, generation: 1 };

function waiting(waiters: Waiters, ...args: Parameters<Waiters['add']>): Outcome[] {
  const outcomes: Outcome[] = [];
  void waiters.add(...args).then((outcome) => outcomes.push(outcome));
  return outcomes;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('waiters', () => {
  it('get the outcome of the rollout of their kind', async () => {
    const waiters = new Waiters();
    const refork = waiting(waiters, 'refork', 'current');
    const restart = waiting(waiters, 'phased restart', 'current');
    waiters.settleCurrent('refork', done);
    await settled();
    expect(refork).to.deep.equal([done]);
    expect(restart).to.deep.equal([]);
  });

  it('that came during one get the outcome of the next', async () => {
    const waiters = new Waiters();
    const late = waiting(waiters, 'refork', 'next');
    waiters.settleCurrent('refork', { ok: false, error: 'the one before' });
    await settled();
    expect(late).to.deep.equal([]);
    waiters.settleCurrent('refork', done);
    await settled();
    expect(late).to.deep.equal([done]);
  });

  it('all get the end of the server, once', async () => {
    const waiters = new Waiters();
    const all = [waiting(waiters, 'refork', 'current'), waiting(waiters, 'refork', 'next')];
    const stopped: Outcome = { ok: false, error: 'the server was stopped' };
    waiters.settleAll(stopped);
    waiters.settleAll(done);
    await settled();
    expect(all).to.deep.equal([[stopped], [stopped]]);
  });
});
