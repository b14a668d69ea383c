// Goal: a soak tells a lost request from one that died with its worker, and passes only when nothing
// was wrong. Method: its decisions, with findings of our own.
import { expect } from 'chai';
import fc from 'fast-check';
import { choose, seeded } from '../../benchmarks/support/seeded.js';
import { troubles } from '../../benchmarks/support/trouble.js';
import { attribute, memoryAllowance, objections } from '../../benchmarks/support/verdict.js';
import type { Findings } from '../../benchmarks/support/verdict.js';
import type { Failure } from '../support/load.js';

const failure = (port: number | null, at: number): Failure => ({
  kind: 'fresh_reset',
  reason: 'ECONNRESET',
  nth: 1,
  port,
  at,
});

const good: Findings = {
  ...{
    sent: 1000,
    answered: 998,
    failed: 2,
    kills: 3,
    reforks: 4,
    phasedRestarts: 1,
    hotRestarts: 1,
    zombies: 0,
  },
  inside: [failure(5001, 1), failure(5002, 1)],
  lost: [],
  descriptors: [30, 30],
  memory: [40 * 2 ** 20, 41 * 2 ** 20],
  problems: [],
};

describe('the verdict of a soak', () => {
  it('takes a failure for a killed worker’s by port and time', () => {
    const kills = [{ pid: 1, at: 10_000, ports: new Set([5001]) }];
    const inside = [failure(5001, 10_000), failure(5001, 11_000)];
    const lost = [
      failure(5001, 9_999),
      failure(5001, 60_000),
      failure(5002, 10_000),
      failure(null, 10_000),
    ];
    expect(attribute([...inside, ...lost], kills)).to.deep.equal({ inside, lost });
  });

  it('passes when nothing is wrong', () => {
    expect(objections(good)).to.deep.equal([]);
  });

  const faults: [string, Partial<Findings>][] = [
    ['a lost request', { lost: [failure(5003, 1)], failed: 3 }],
    ['failures that were not told', { failed: 5 }],
    ['no answer at all', { answered: 0 }],
    ['a zombie', { zombies: 1 }],
    ['a descriptor more', { descriptors: [30, 31] }],
    ['a descriptor less', { descriptors: [30, 29] }],
    ['memory', { memory: [0, memoryAllowance + 1] }],
    ['no rollout at all', { reforks: 0, phasedRestarts: 0 }],
    ['anything else', { problems: ['slot 2 has no worker'] }],
  ];
  for (const [name, fault] of faults)
    it(`objects to ${name}`, () => {
      expect(objections({ ...good, ...fault })).to.have.lengthOf(1);
    });
});

describe('the choices of a soak', () => {
  const chosen = (seed: number): string[] => {
    const random = seeded(seed);
    return Array.from({ length: 500 }, () => choose(troubles, random).name);
  };

  it('are repeated by the seed, and reach every action', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(chosen(seed)).to.deep.equal(chosen(seed));
        expect(new Set(chosen(seed)).size).to.equal(troubles.length);
      }),
    );
  });

  it('keep to the weights', () => {
    const random = seeded(1);
    const list = [
      { name: 'never', weight: 0 },
      { name: 'often', weight: 3 },
      { name: 'rarely', weight: 1 },
    ];
    const counts: Record<string, number> = { never: 0, often: 0, rarely: 0 };
    for (let draw = 0; draw < 4_000; draw++) {
      const { name } = choose(list, random);
      counts[name] = (counts[name] ?? 0) + 1;
    }
    expect(counts['never']).to.equal(0);
    expect(counts['often']).to.be.within(2_800, 3_200);
  });
});
