// Goal: `--wait` says what a rollout has done, and what its canary has proven. Method: outcomes as a
// server sends them.
import { expect } from 'chai';
import { outcomeText, remarks } from '../../../lib/cli/client/outcome-text.js';

const outcome = {
  ...{ ok: true, phase: 3, generation: 0, workers: 4, ms: 7_140 },
  canary: { ms: 5_020, requests: 120 },
  ...{ failedAttempts: [], notApplied: [] },
};

describe('the outcome of a rollout', () => {
  it('is its duration, the new code and the number of workers', () => {
    expect(outcomeText({ ...outcome, canary: null })).to.equal(
      'done in 7.1 s: phase 3 on 4 workers',
    );
    expect(outcomeText({ ...outcome, canary: null, generation: 2, workers: 1 })).to.equal(
      'done in 7.1 s: generation 2 on 1 worker',
    );
  });

  it('says what the canary has proven', () => {
    expect(outcomeText(outcome)).to.equal(
      'done in 7.1 s: phase 3 on 4 workers; ' +
        'the canary stayed healthy for 5.0 s and served 120 requests',
    );
    expect(outcomeText({ ...outcome, canary: { ms: 5_000, requests: 0 } })).to.equal(
      'done in 7.1 s: phase 3 on 4 workers; ' +
        'the canary stayed healthy for 5.0 s, but it served 0 requests',
    );
  });

  it('is preceded by attempts that failed before, and by options that were not applied', () => {
    expect(remarks(outcome)).to.deep.equal([]);
    expect(remarks({ ...outcome, failedAttempts: ['drain: late', 3] })).to.deep.equal([
      'an earlier attempt failed: drain: late',
    ]);
    expect(remarks({ ...outcome, notApplied: ['workers', 'listen'] })).to.deep.equal([
      'workers, listen changed in the configuration: `restart` applies them',
    ]);
  });

  it('is one word where the server says no more', () => {
    expect(outcomeText({ ok: true })).to.equal('done');
    expect(outcomeText({ ok: true, ms: 'x', workers: {}, canary: 5 })).to.equal('done');
    expect(remarks({ ok: true })).to.deep.equal([]);
  });
});
