// Goal: hooks can close connections to a backend in good order instead of a cut, at the three
// points that gRPC asks for: before a fork and after it in the forking process, and in the new
// worker. Method: a real gRPC server; the mold's hooks close a channel and the worker's open one,
// so that nothing is left to be cut.
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { calls, recorder } from '../support/hook-calls.js';
import { failures, startLoad } from '../support/load.js';
import type { Backend } from '../support/servers/backend.js';
import { startNodeServer } from '../support/servers/node-server.js';
import { fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = fixtureApp('clients/grpc-hooks.mjs');
const reforks = 3;

/** Before the freeze as well: by the first fork the mold would already have been cut off. */
const hooks = `
  afterMoldFork: [async () => (await channel()).close(), record('afterMoldFork')],
  beforeFork: [async () => (await channel()).close(), record('beforeFork')],
  afterFork: record('afterFork'),
  afterWorkerFork: [async () => (await channel()).open(), record('afterWorkerFork')],
`;

/** The module of the app itself, in any process that runs a hook. */
const prelude = `${recorder}
const channel = () => import(${JSON.stringify(app)});
`;

interface Use {
  readonly pid: number;
  readonly connection: string;
}

describe('hooks that close and open a gRPC channel', () => {
  let backend: Backend;
  let server: Server;
  before(async () => (backend = await startNodeServer('grpc.mjs')));
  after(() => backend.stop());
  afterEach(() => server.destroy());

  it('leave nothing to be cut, and lose no request', async () => {
    server = await Server.start({ app, workers: 3, env: backend.env, config: hooks, prelude });
    const load = startLoad({ port: server.port, conns: 4, seconds: 60 });
    const uses: Use[] = [];
    try {
      await load.started;
      for (let generation = 0; generation <= reforks; generation++) {
        if (generation > 0) expect((await server.refork()).body).to.include({ ok: true });
        await server.settled(generation);
        uses.push(...(await fromEachWorker<Use>(server, '/')).values());
        await until('one connection for each worker', async () => {
          expect(await backend.connections()).to.have.length(3);
          return true;
        });
      }
    } finally {
      const result = await load.stop();
      expect(failures(result), JSON.stringify(result)).to.equal(0);
    }
    const pids = new Set(uses.map(({ pid }) => pid));
    expect(new Set(uses.map(({ connection }) => connection)).size).to.equal(pids.size);
    expect(await backend.complaints()).to.deep.equal([]);
    expect(server.log('cut connections of the app')).to.deep.equal([]);
    expectThreePoints();
    await server.stop();
  });

  /** Each worker has one of each, the first two in the process that forked it. */
  function expectThreePoints(): void {
    const workers = calls(server, 'afterWorkerFork').map(({ pid }) => pid);
    const forked = calls(server, 'afterFork');
    expect(forked.map(({ args }) => args[0]?.['pid'])).to.have.members(workers);
    expect(calls(server, 'beforeFork').map(({ pid }) => pid)).to.have.ordered.members(
      forked.map(({ pid }) => pid),
    );
    const molds = calls(server, 'afterMoldFork').map(({ pid }) => pid);
    expect(molds).to.include.members(forked.map(({ pid }) => pid));
  }
});
