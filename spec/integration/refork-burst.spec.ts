// Goal: a hundred requests for a refork at once are combined into few, and cost no client a
// request. Method: SIGURG in a tight loop under load; generations counted in the log.
import { expect } from 'chai';
import { failures, startLoad } from '../support/load.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { fixtureApp, Server } from '../support/server.js';

describe('a hundred SIGURGs at once', () => {
  let server: Server;
  afterEach(() => server.destroy());

  for (const mode of ['keepalive', 'close'] as const)
    it(`make at most three generations and lose nothing (${mode}) (S1, G7)`, async () => {
      server = await Server.start({ app: fixtureApp('plain.mjs'), workers: 3 });
      const load = startLoad({ port: server.port, mode, conns: 8, seconds: 50 });
      await load.started;
      for (let sent = 0; sent < 100; sent++) server.signal('SIGURG');
      await server.logged('refork complete');
      await server.settled(1);
      const result = await load.stop();
      expect(failures(result), JSON.stringify(result.samples)).to.equal(0);
      expect(result.ok).to.be.above(0);

      const stats = await expectPostConditions(server, { workers: 3 });
      expect(stats.generation).to.be.within(1, 2);
      const molds = new Set(server.log('mold ready').map(({ generation }) => generation));
      expect(molds.size).to.be.at.most(3);
      await server.stop();
    });
});
