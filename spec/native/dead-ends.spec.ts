// Goal: the kernel closes a cut connection at once, the process's own event loop does not notice,
// and a fork reads an end of file. Method: a program with TCP connections, a child's pipes, a file
// and a listening socket, under every supported Node.
import { expect } from 'chai';
import { supportedNodes } from '../support/nodes.js';
import { runFixture } from './run-fixture.js';

for (const node of supportedNodes())
  describe(`cutting connections under Node ${node.version}`, () => {
    it('closes them for the peer, and for the clients in a fork', async () => {
      const { code, lines, errors } = await runFixture(node, 'cut');
      expect(code, errors).to.equal(0);
      expect(lines).to.have.members(['all ended', 'forked 0']);
    });
  });
