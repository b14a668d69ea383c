// Goal: an inspector that the app opens at boot crashes no worker, and every worker can open one of
// its own. Method: an app that opens one at boot, and opens and closes others on request, before
// and after a refork.
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { supportedNodes } from '../support/nodes.js';
import { Server } from '../support/server.js';

const app = {
  text: `
import { close, open, url } from 'node:inspector';
open(0, '127.0.0.1');
export default (request, response) => {
  if (request.url === '/close') close();
  if (request.url === '/open') open(0, '127.0.0.1');
  response.end(JSON.stringify({ pid: process.pid, url: url() ?? null }));
};
`,
};

interface Answer {
  url: string | null;
}

const nodes = supportedNodes();

describe('an inspector that the app opens at boot', () => {
  let server: Server;
  afterEach(() => server.destroy());

  for (const { version, execPath } of nodes.filter((_, index) => index % 2 === 0))
    it(`is closed before a fork under Node ${version}`, async () => {
      server = await Server.start({ app, workers: 1, node: execPath });
      const ask = async (path: string): Promise<string | null> => {
        const [answer] = (await fromEachWorker<Answer>(server, path)).values();
        return answer?.url ?? null;
      };
      const expectSound = async (): Promise<void> => {
        expect(await ask('/close')).to.equal(null);
        expect(await ask('/open')).to.match(/^ws:/);
      };
      await expectSound();
      expect((await server.refork()).body).to.include({ ok: true });
      await expectSound();
      const closed = server.log('closed the inspector, which a fork cannot use');
      expect(closed.map(({ generation }) => generation)).to.deep.equal([0, 0]);
      expect(server.log('ended unexpectedly')).to.deep.equal([]);
      await server.stop();
    });
});
