// Goal: an app that cannot be forked is still served, by workers that are booted afresh, and an
// operator finds the reason and a remedy. Method: apps that refuse forks, at boot or while they
// serve; the log, the stats, the metric and the command must all report it.
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { metricValue } from '../support/post-conditions.js';
import { Server } from '../support/server.js';

const index = new URL('../../lib/index.js', import.meta.url);

const word = (when: string): { text: string } => ({
  text: `
import { worker } from ${JSON.stringify(index)};
console.log('app evaluated');
const say = () => worker.noLongerForkSafe('the licence of a library is for one process');
${when}
export default ({ url }, response) => {
  if (url === '/say') say();
  response.end(JSON.stringify({ pid: process.pid, slot: worker.slot, title: process.title }));
};
`,
});

const evaluations = (server: Server): number => server.text().split('app evaluated').length - 1;

describe('an app that cannot be forked', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('is served by workers that are booted afresh, from the start', async () => {
    server = await Server.start({ app: word('say();'), workers: 2 });
    const stats = await server.stats();
    expect(stats.mold).to.equal(null);
    expect(stats.refork.unforkable).to.include('the licence of a library is for one process');
    expect(stats.refork.state).to.equal('idle');
    const [refusal] = server.log('cannot be forked');
    expect(refusal).to.include({ role: 'mold', generation: 0, subject: 'app' });
    expect(server.log('workers are booted afresh instead of forked')).to.have.length(1);
    expect(evaluations(server)).to.equal(3);
    const answers = await fromEachWorker<{ pid: number; title: string }>(server, '/');
    for (const { slot, pid } of stats.workers)
      expect(answers.get(pid)?.title).to.include(`pitchfork-ts (gen:0) worker[${slot}] - `);
    expect(metricValue(await server.metrics(), 'pitchfork_fork_refusals_total')).to.equal(1);
    await server.stop();
  });

  it('keeps its workers when a refork is requested, and the answer has the reason', async () => {
    server = await Server.start({ app: word('say();'), workers: 2 });
    const before = await server.stats();
    const { status, body } = await server.refork();
    expect(status).to.equal(409);
    expect(body).to.have.property('ok', false);
    expect(JSON.stringify(body)).to.include('the licence of a library is for one process');
    const after = await server.settled();
    expect(after.workers.map(({ pid }) => pid)).to.deep.equal(before.workers.map(({ pid }) => pid));
    await server.stop();
  });

  it('replaces the dead, and follows the number of workers', async () => {
    server = await Server.start({ app: word('say();'), workers: 2 });
    const [victim] = (await server.stats()).workers;
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    await server.logged('ended unexpectedly', { pid: victim?.pid });
    await server.settled();
    expect((await server.ask('POST', '/workers/add')).body).to.include({ ok: true, workers: 3 });
    await server.logged('ready', { slot: 2 });
    expect((await server.settled()).workers).to.have.length(3);
    expect((await server.ask('POST', '/workers/remove')).body).to.include({ workers: 2 });
    await server.logged('exited', { slot: 2 });
    expect((await server.settled()).workers).to.have.length(2);
    for (let request = 0; request < 20; request++) await server.get();
    await server.stop();
  });

  it('is reported by one worker: another one is promoted (M11)', async () => {
    server = await Server.start({ app: word(''), workers: 2 });
    const { slot } = JSON.parse(await server.get('/say')) as { slot: number };
    await server.logged('no longer fork-safe', { slot });
    expect((await server.refork()).body).to.include({ ok: true, generation: 1 });
    expect(server.log('promoting').map((line) => line.slot)).to.deep.equal([1 - slot]);
    expect(evaluations(server)).to.equal(1);
    await server.stop();
  });

  it('is reported by all workers: SIGURG changes nothing but the log, and they serve on (M12)', async () => {
    server = await Server.start({ app: word(''), workers: 2 });
    await fromEachWorker(server, '/say');
    for (const slot of [0, 1]) await server.logged('no longer fork-safe', { slot });
    const before = await server.stats();
    server.signal('SIGURG');
    const line = await server.logged('refork given up');
    expect(line.reason).to.include('the licence of a library is for one process');
    const after = await server.stats();
    expect(after.workers.map(({ pid }) => pid)).to.deep.equal(before.workers.map(({ pid }) => pid));
    expect(after.mold).to.deep.equal(before.mold);
    await server.stop();
  });
});
