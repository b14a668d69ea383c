// Goal: frozen time is nobody's, and no context's Math.random repeats itself, under every supported
// Node, five generations deep. Method: a family of forks that stand still before each fork; each
// newborn prints its event loop's figures and what old and new contexts of node:vm draw. The same
// without the renewal must fail, or the spec is blind.
import { expect } from 'chai';
import { supportedNodes, type SupportedNode } from '../support/nodes.js';
import { runFixture } from './run-fixture.js';

interface Newborn {
  generation: number;
  draws: string[];
  delay: { count: number; max: number };
  activeMs: number;
}

const generations = 5;
/** The parent stands still for 600 ms before each fork. */
const mostMs = 550;

async function newborns(node: SupportedNode, depth: number, how: string): Promise<Newborn[]> {
  const { code, lines, errors } = await runFixture(node, 'renewal', [String(depth), how]);
  expect(code, errors).to.equal(0);
  return lines
    .filter((line) => line.startsWith('newborn '))
    .map((line) => JSON.parse(line.slice('newborn '.length)) as Newborn);
}

for (const node of supportedNodes())
  describe(`the renewal of newborns under Node ${node.version}`, () => {
    it('gives them time and random numbers of their own', async () => {
      const found = await newborns(node, generations, 'renew');
      expect(found).to.have.length(2 * generations);
      const draws = found.flatMap((newborn) => newborn.draws);
      expect(draws).to.have.length(2 * generations * 5);
      expect(new Set(draws).size, 'different numbers').to.equal(draws.length);
      for (const { generation, delay, activeMs } of found) {
        const where = `generation ${generation}`;
        expect(delay.count, where).to.equal(1);
        expect(delay.max, where).to.be.below(mostMs);
        expect(activeMs, where).to.be.below(mostMs);
      }
    });

    it('is what does it', async () => {
      const first = await newborns(node, 1, 'bare');
      expect(first).to.have.length(2);
      const draws = first.flatMap((newborn) => newborn.draws);
      expect(new Set(draws).size).to.equal(draws.length / 2);
      for (const { activeMs } of first) expect(activeMs).to.be.above(mostMs);
    });
  });
