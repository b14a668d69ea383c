// Goal: a crash loop slows down, and a single death costs nothing. Method: a clock moved by hand.
import { expect } from 'chai';
import { StartBackoff } from '../../../lib/monitor/fleet/start-backoff.js';

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
});
