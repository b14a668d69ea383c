// Goal: an engine that drained leaves a process that can be forked, and a fork that can serve; the
// clients see nothing of it. Method: a chain of forks on one listening socket, under load.
import { expect } from 'chai';
import { startFixture } from '../native/run-fixture.js';
import { hasUws } from '../support/engines.js';
import { failures, startLoad } from '../support/load.js';
import { supportedNodes } from '../support/nodes.js';
import { ask } from '../support/raw-connection.js';

const last = 4;

const cases = supportedNodes().flatMap((node) => [
  { node, engine: 'node', kind: 'listener' },
  { node, engine: 'node', kind: 'fetch' },
  ...(hasUws && node.execPath === process.execPath
    ? [
        { node, engine: 'uws', kind: 'uws' },
        { node, engine: 'uws', kind: 'fetch' },
      ]
    : []),
]);

describe('forks of a process that served', () => {
  for (const { node, engine, kind } of cases)
    it(`serve in turn: ${kind} on engine ${engine}, Node ${node.version}`, async () => {
      const name = '../../engines/fixtures/served-generations';
      const family = startFixture(node, name, [engine, kind, String(last)]);
      try {
        const port = Number((await family.line(/^generation 0 serves port (\d+)/))[1]);
        const load = startLoad({ port, conns: 8, seconds: 60 });
        await family.line(new RegExp(`^generation ${last} serves`));
        const result = await load.stop();
        expect(result.samples).to.deep.equal([]);
        expect(failures(result)).to.equal(0);
        await ask(port, '/quit');
        const { code, lines, errors } = await family.outcome;
        expect(code, errors).to.equal(0);
        expect(lines).to.include(`generation ${last} drained`);
        expect(Object.keys(result.bodies).length).to.be.at.least(last);
      } finally {
        await family.end();
      }
    });
});
