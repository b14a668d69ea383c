// Goal: a kill for lack of memory explains one death, and none that comes much later. Method: a
// count that rises as the kernel's does.
import { expect } from 'chai';
import { OomKills } from '../../../lib/monitor/observe/oom-kills.js';

describe('kills for lack of memory', () => {
  const counted = (counts: (number | null)[]) => {
    let last: number | null = null;
    return new OomKills(() => (last = counts.shift() ?? last));
  };

  it('explain as many deaths as there were kills', () => {
    const kills = counted([7, 9, 9, 9]);
    expect([1, 2, 3].map((now) => kills.claim(now))).to.deep.equal([true, true, false]);
  });

  it('are not claimed long after: they were of other processes', () => {
    const kills = counted([7, 8, 8]);
    kills.tick(0);
    expect(kills.claim(11_000)).to.equal(false);
  });

  it('can still be claimed when a look came between the kill and the death', () => {
    const kills = counted([7, 8, 8, 8]);
    kills.tick(0);
    kills.tick(5_000);
    expect(kills.claim(6_000)).to.equal(true);
  });

  it('are unknown where the kernel does not count them', () => {
    expect(new OomKills(() => null).claim(0)).to.equal(null);
  });

  it('begin anew when the count does', () => {
    const kills = counted([7, 0, 1]);
    expect(kills.claim(0)).to.equal(false);
    expect(kills.claim(1)).to.equal(true);
  });
});
