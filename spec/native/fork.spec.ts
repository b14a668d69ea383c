// Goal: newborns of fork and forkSibling are complete processes, generation after generation.
// Method: fixture programs under every supported Node.
import { expect } from 'chai';
import { supportedNodes } from '../support/nodes.js';
import { runFixture } from './run-fixture.js';
import { allWaysToLeave, exitEvents } from './fixtures/leave.js';

const generations = 5;

for (const node of supportedNodes())
  describe(`fork under Node ${node.version}`, function () {
    this.timeout(120_000);

    it('makes a process that can do everything, and fork again, for generations', async () => {
      const { code, lines, errors } = await runFixture(node, 'generations', [String(generations)]);
      expect(code, errors).to.equal(10);
      for (let generation = 0; generation <= generations; generation++)
        expect(lines).to.include(`generation ${generation} done`);
      const left = lines.filter((line) => line.startsWith('left '));
      expect(left).to.have.length((generations + 1) * allWaysToLeave.length);
      for (const line of left) {
        const [, pid, way] = /^left (\d+) by (.*)$/.exec(line) ?? [];
        const events = allWaysToLeave.find((known) => known === way);
        const exits = lines.filter((exit) => exit.startsWith(`exit ${pid} `));
        expect(exits, line).to.have.length(events ? exitEvents(events) : NaN);
      }
    });

    for (const how of ['fork', 'forkSibling'])
      it(`makes a hundred healthy children by ${how} under load (M13)`, async () => {
        const { code, lines, errors } = await runFixture(node, 'many-forks', [how, '100']);
        expect(code, errors).to.equal(0);
        expect(lines).to.include('100 children left well');
      });
  });
