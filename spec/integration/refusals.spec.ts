// Goal: an obstacle to a fork is named before it does harm, and costs no answer. Method: apps with
// a live Worker of node:worker_threads, from the boot or from a request on; the candidate of a
// refork continues to serve, a hook may remove the obstacle, and a policy may accept it.
import { expect } from 'chai';
import { failures, startLoad } from '../support/load.js';
import { expectPostConditions, metricValue } from '../support/post-conditions.js';
import { Server } from '../support/server.js';

const app = {
  text: `
import { Worker } from 'node:worker_threads';
let worker;
const start = () => worker ??= new Worker('setInterval(() => {}, 1e6)', { eval: true });
globalThis.endWorker = () => worker?.terminate();
if (process.env.AT_BOOT) start();
export default ({ url }, response) => {
  if (url === '/use') start();
  response.end(String(process.pid));
};
`,
};

/** Every worker has used it. */
const useInAll = async (server: Server): Promise<void> => {
  const pids = (await server.stats()).workers.map(({ pid }) => String(pid));
  const used = new Set<string>();
  while (pids.some((pid) => !used.has(pid))) used.add(await server.get('/use'));
};

describe('a refusal', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('of every candidate leaves each worker where it is, under load, and gives the reason (M12)', async () => {
    server = await Server.start({ app, workers: 2 });
    await useInAll(server);
    const before = await server.stats();
    const load = startLoad({ port: server.port, conns: 4, seconds: 30 });
    await load.started;
    const { status, body } = await server.refork();
    const result = await load.stop();
    expect(failures(result), JSON.stringify(result.samples)).to.equal(0);
    expect(status).to.equal(409);
    expect(JSON.stringify(body)).to.match(/worker_threads keeps 1 worker thread/);
    const after = await expectPostConditions(server, { workers: 2 });
    expect(after.workers.map(({ pid }) => pid)).to.deep.equal(before.workers.map(({ pid }) => pid));
    expect(after.mold).to.deep.equal(before.mold);
    const [line] = server.log('cannot be forked');
    expect(line).to.include({ subject: 'worker_threads', role: 'worker' });
    expect(line?.['remedy']).to.include('afterMoldFork');
    const labels = { subject: 'worker_threads' };
    const refusals = metricValue(await server.metrics(), 'pitchfork_fork_refusals_total', labels);
    expect(refusals).to.be.above(0);
    await server.stop();
  });

  it('at the boot makes workers that are booted afresh', async () => {
    server = await Server.start({ app, workers: 2, env: { AT_BOOT: '1' } });
    const stats = await server.stats();
    expect(stats.mold).to.equal(null);
    expect(stats.refork.unforkable).to.include('worker_threads');
    expect(stats.workers).to.have.length(2);
    await server.stop();
  });

  it('is averted by a hook that removes the obstacle', async () => {
    server = await Server.start({
      app,
      workers: 2,
      env: { AT_BOOT: '1' },
      config: 'afterMoldFork: () => globalThis.endWorker(),',
    });
    expect((await server.stats()).mold?.ready).to.equal(true);
    expect((await server.refork()).body).to.include({ ok: true, generation: 1 });
    await server.stop();
  });

  it('becomes a warning where the configuration says so', async () => {
    server = await Server.start({
      app,
      workers: 2,
      env: { AT_BOOT: '1' },
      config: `incompatibleModules: 'warn',`,
    });
    expect((await server.stats()).mold?.ready).to.equal(true);
    expect(server.log('fork safety')[0]).to.include({ subject: 'worker_threads', level: 'warn' });
    await server.stop();
  });
});
