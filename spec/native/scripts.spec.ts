// Goal: callerScripts and scriptOf name the right scripts. Method: a fixture program under every
// supported Node.
import { expect } from 'chai';
import { supportedNodes } from '../support/nodes.js';
import { runFixture } from './run-fixture.js';

for (const node of supportedNodes())
  describe(`scripts under Node ${node.version}`, () => {
    it('are reported for callers and for functions', async () => {
      const { code, lines, errors } = await runFixture(node, 'scripts');
      expect(code, errors).to.equal(0);
      expect(lines).to.deep.equal([
        'called by CommonJS: true',
        'called by an ES module: true',
        'called by one through the other: true',
        'called through promisify: true',
        'called by a timer: true',
        'written in CommonJS: true',
        'written in an ES module: true',
        'bound twice: true',
        'written in C++: true',
        'no function: true',
      ]);
    });
  });
