// Goal: `pitchfork-ts check` calls an app safe that follows its remedies, closes in afterMoldFork
// and opens in afterWorkerFork, and unsafe without these hooks; it is the verdict of the server.
// Method: the real command on apps of each such kind, with and without the hooks; and one refork.
import { expect } from 'chai';
import { resultOf, verdictsOf } from '../support/checked.js';
import { Server } from '../support/server.js';

interface Kind {
  readonly name: string;
  /** Statements of a module with `open` and `close`, called once when it is loaded. */
  readonly code: string;
  /** An expression that is awaited for each request. */
  readonly use: string;
  readonly verdict: RegExp;
}

const kinds: readonly Kind[] = [
  {
    name: 'a Worker',
    code: `import { once } from 'node:events';
      import { Worker } from 'node:worker_threads';
      const code = "const { parentPort: p } = require('worker_threads'); p.on('message', (m) => p.postMessage(m))";
      let worker;
      const open = () => { worker = new Worker(code, { eval: true }); };
      const close = () => worker.terminate();`,
    use: `(worker.postMessage('pong'), once(worker, 'message'))`,
    verdict: /^refuse: worker_threads$/,
  },
  {
    name: 'an SQLite database',
    code: `import Database from 'better-sqlite3';
      let db;
      const open = () => { db = new Database('app.db'); db.exec('create table if not exists t (a)'); };
      const close = () => { db.close(); };`,
    use: `db.prepare('insert into t values (1)').run()`,
    verdict: /^refuse: better-sqlite3$/,
  },
  {
    name: 'a socket to listen on',
    code: `import { createServer } from 'node:http';
      import { once } from 'node:events';
      let admin;
      const open = async () => {
        admin = createServer((request, response) => response.end('admin'));
        await once(admin.listen(0, '127.0.0.1'), 'listening');
      };
      const close = () => new Promise((resolve) => admin.close(resolve));`,
    use: 'admin.address().port',
    verdict: /^refuse: listen\(\)$/,
  },
];

const appOf = ({ code, use }: Kind): string => `${code}
  await open();
  globalThis.hooks = { open, close };
  export default async (request, response) => {
    await ${use};
    response.end('hello');
  };`;

const hooks = `
  afterMoldFork: () => globalThis.hooks.close(),
  afterWorkerFork: () => globalThis.hooks.open(),`;

describe('pitchfork-ts check of an app that closes and opens in hooks', function () {
  this.timeout(120_000);

  for (const kind of kinds)
    describe(kind.name, () => {
      it('is safe', async () => {
        const result = await resultOf({
          app: appOf(kind),
          config: hooks,
          args: ['--request', '/'],
        });
        expect(verdictsOf(result)).to.deep.equal([]);
        expect(result.trials.filter(({ ok }) => !ok)).to.deep.equal([]);
        expect({ code: result.code, failure: result.failure }).to.deep.equal({
          code: 0,
          failure: null,
        });
      });

      it('is not without the hooks', async () => {
        const { code, failure, ...result } = await resultOf({ app: appOf(kind) });
        expect(verdictsOf({ failure, ...result })[0]).to.match(kind.verdict);
        expect(code).to.equal(1);
        expect(failure).to.include('afterMoldFork');
      });
    });

  it('agrees with the server, which reforks it', async () => {
    const [kind] = kinds;
    if (!kind) return;
    const server = await Server.start({
      app: { text: appOf(kind) },
      workers: 2,
      config: hooks,
    });
    try {
      expect(await server.get()).to.equal('hello');
      expect(await server.refork()).to.include({ status: 200 });
      expect(await server.get()).to.equal('hello');
      await server.stop();
    } finally {
      await server.destroy();
    }
  });
});
