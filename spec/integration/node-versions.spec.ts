// Goal: the essentials work on every supported Node. Method: the same story with each installed
// Node: a boot, three reforks under load that keep the memory and lose nothing, the death of a
// worker, and a graceful end.
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { failures, startLoad } from '../support/load.js';
import { supportedNodes } from '../support/nodes.js';
import { fixtureApp, Server } from '../support/server.js';

interface Answer {
  pid: number;
  lineage: number[];
  node: string;
}

const reforks = 3;
/** More than the reforks can take; the load is stopped after the last. */
const loadSeconds = 50;

describe('under every supported Node', () => {
  let server: Server;
  afterEach(() => server.destroy());

  for (const { version, execPath } of supportedNodes())
    it(`Node ${version} boots, reforks under load, refills and stops`, async () => {
      server = await Server.start({
        app: fixtureApp('lineage.mjs'),
        workers: 2,
        node: execPath,
      });
      const load = startLoad({
        port: server.port,
        mode: 'close',
        conns: 4,
        seconds: loadSeconds,
      });
      await load.started;
      for (let generation = 1; generation <= reforks; generation++)
        expect((await server.refork()).body).to.include({ ok: true, generation });
      const result = await load.stop();
      expect(failures(result), JSON.stringify(result.samples)).to.equal(0);
      expect(result.ok).to.be.above(100);

      const expectAll = async (): Promise<void> => {
        const answers = await fromEachWorker<Answer>(server, '/');
        expect(answers.size).to.equal(2);
        for (const { lineage, node } of answers.values())
          expect({ lineage, node }).to.deep.equal({ lineage: [0, 1, 2, 3], node: version });
      };
      await expectAll();
      expect(server.text().split('app evaluated').length - 1, 'evaluations').to.equal(1);

      const [victim] = (await server.settled(reforks)).workers;
      process.kill(victim?.pid ?? 0, 'SIGKILL');
      await server.logged('ended unexpectedly', { pid: victim?.pid, signal: 'SIGKILL' });
      await server.settled(reforks);
      await expectAll();
      await server.stop();
    });
});
