// Goal: real apps are served unchanged, bodies included, and their state in memory outlives
// reforks. Method: Express, Fastify, Koa and Hono from npm, with a list of notes that requests add
// to; each refork hands the notes of the promoted worker on to all workers.
import { expect } from 'chai';
import { Client } from '../support/client.js';
import { fromEachWorker } from '../support/each-worker.js';
import { failures, startLoad } from '../support/load.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

interface Notes {
  pid: number;
  notes: string[];
}

const apps = [
  { name: 'Express', file: 'express.mjs', engine: 'node' },
  { name: 'Fastify', file: 'fastify.mjs', engine: 'node' },
  { name: 'Koa', file: 'koa.mjs', engine: 'node' },
  { name: 'Hono', file: 'hono.mjs', engine: 'node' },
  { name: 'Hono', file: 'hono.mjs', engine: 'uws' },
] as const;

/** Larger than one read of a socket, not ASCII, and within Express's default limit. */
const longNote = 'é'.repeat(45_000);

describe('an app from npm', () => {
  let server: Server;
  afterEach(() => server.destroy());

  /** On one connection, so that one worker gets them all; it is then the most warmed-up one. */
  async function note(...notes: string[]): Promise<void> {
    const client = new Client(server.port);
    let pid = 0;
    for (const each of notes) {
      const { status, text } = await client.request('/notes', {
        method: 'POST',
        type: 'application/json',
        body: JSON.stringify({ note: each }),
      });
      expect(status, text.slice(0, 200)).to.equal(201);
      pid = (JSON.parse(text) as Notes).pid;
    }
    for (let request = 0; request < 30; request++) await client.json('/notes');
    client.close();
    await until('the monitor to know who is warm', async () =>
      (await server.stats()).workers.some((worker) => worker.pid === pid && worker.requests >= 30),
    );
  }

  for (const { name, file, engine } of apps)
    it(`keeps its state through reforks: ${name} on ${engine}`, async function () {
      if (engine === 'uws' && !process.versions.node.startsWith('20.')) this.skip();
      server = await Server.start({ app: fixtureApp(file), config: `engine: '${engine}',` });
      const about = JSON.parse(await server.get()) as Record<string, unknown>;
      expect(about).to.include({ generation: 0 });

      await note('first', longNote);
      expect((await server.refork()).body).to.include({ ok: true, generation: 1 });
      await server.settled(1);
      for (const { notes } of (await fromEachWorker<Notes>(server, '/notes')).values())
        expect(notes).to.deep.equal(['first', longNote]);

      await note('second');
      const load = startLoad({ port: server.port, conns: 2, seconds: 30 });
      await load.started;
      expect((await server.refork()).body).to.include({ ok: true, generation: 2 });
      const result = await load.stop();
      expect(failures(result), JSON.stringify(result.samples)).to.equal(0);
      const [one, other] = [...(await fromEachWorker<Notes>(server, '/notes')).values()];
      expect(one?.notes.slice(0, 2)).to.deep.equal(['first', longNote]);
      expect(other?.notes, 'all are forks of one mold').to.deep.equal(one?.notes);
      await expectPostConditions(server, { workers: 2 });
      await server.stop();
    });
});
