// Goal: a crash loop slows down, and a single death costs nothing. Method: a clock moved by hand.
import { expect } from 'chai';
import { newChild } from '../../../lib/monitor/fleet/child.js';
import { StartBackoff } from '../../../lib/monitor/fleet/start-backoff.js';

const worker = newChild(
  1,
  { role: 'worker', state: 'serving', slot: 1, generation: 0, phase: 0, parent: null },
  { workers: 2, queues: 2 },
  0,
);

describe('the pace of starts', () => {
  it('doubles the pause with each failed start, up to ten seconds', () => {
    const starts = new StartBackoff();
    const pauses = Array.from({ length: 8 }, () => {
      starts.failed('story', 1_000);
      return starts.notBefore - 1_000;
    });
    expect(pauses).to.deep.equal([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
    expect(starts).to.include({ failures: 8, lastError: 'story' });
  });

  it('forgives all failures when one succeeds', () => {
    const starts = new StartBackoff();
    starts.failed('story', 0);
    starts.failed('story', 0);
    starts.succeeded();
    starts.failed('story', 0);
    expect(starts).to.include({ failures: 1, notBefore: 200 });
  });

  it('lets a few processes die at once without a pause', () => {
    const starts = new StartBackoff();
    for (let death = 0; death < 5; death++) starts.died(1_000);
    expect(starts.notBefore).to.equal(1_000);
    starts.died(1_000);
    expect(starts.notBefore).to.equal(1_200);
  });

  it('forgets deaths, by half every five seconds', () => {
    const starts = new StartBackoff();
    for (let death = 0; death < 5; death++) starts.died(0);
    starts.died(5_000);
    expect(starts.notBefore).to.equal(5_000);
  });

  it('never shortens a pause that a failed start has caused', () => {
    const starts = new StartBackoff();
    for (let start = 0; start < 5; start++) starts.failed('story', 0);
    starts.died(100);
    expect(starts.notBefore).to.equal(3_200);
  });

  it('starts other code without a pause', () => {
    const starts = new StartBackoff();
    for (let death = 0; death < 9; death++) starts.died(1_000);
    starts.failed('story', 1_000);
    starts.forgive();
    expect(starts).to.include({ failures: 0, notBefore: 0 });
    for (let death = 0; death < 5; death++) starts.died(1_001);
    expect(starts.notBefore).to.equal(1_001);
  });

  it('remembers the deaths of workers with their slots and reasons', () => {
    const starts = new StartBackoff();
    starts.failed('no database', 1_000, worker);
    starts.failed('SyntaxError', 1_500, { ...worker, role: 'mold', slot: null });
    starts.died(2_000, { ...worker, reason: 'SIGSEGV' });
    starts.died(3_000, { ...worker, state: 'killed' });
    expect(starts.deaths.since(0)).to.deep.equal([
      { slot: 1, phase: 0, at: 1_000, reason: 'no database' },
      { slot: 1, phase: 0, at: 2_000, reason: 'SIGSEGV' },
    ]);
    expect(starts.deaths.since(1_001)).to.have.length(1);
  });

  it('remembers a bounded number of deaths', () => {
    const starts = new StartBackoff();
    for (let at = 0; at < 10_000; at++) starts.died(at, worker);
    const deaths = starts.deaths.since(0);
    expect(deaths.length).to.be.within(1_024, 2_048);
    expect(deaths.at(-1)).to.include({ at: 9_999 });
  });
});
