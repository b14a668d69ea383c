// Goal: a refork passes a worker's state in memory on, however it is requested, and never leaves
// fewer workers than wanted. Method: an app that counts in memory; reforks by each kind of request;
// the counts are read through real requests, the order of events in the log.
import { expect } from 'chai';
import { lowestCapacity, placeOf } from '../support/capacity.js';
import { Client } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { fromEachWorker } from '../support/each-worker.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `
console.log('app evaluated');
let remembered = 0;
export default (request, response) => {
  if (request.url === '/remember') remembered++;
  response.end(JSON.stringify({ pid: process.pid, remembered }));
};
`,
};

interface Answer {
  pid: number;
  remembered: number;
}

const evaluations = (server: Server): number => server.text().split('app evaluated').length - 1;

async function expectEnd(server: Server, workers: number, generation: number): Promise<void> {
  const stats = await expectPostConditions(server, { workers });
  expect(stats.generation).to.equal(generation);
  await server.stop();
}

describe('refork', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('keeps the state that earlier requests left in memory, five times in a row', async () => {
    server = await Server.start({ app, workers: 1 });
    for (let generation = 1; generation <= 5; generation++) {
      await server.get('/remember');
      const { body } = await server.refork();
      expect(body).to.include({ ok: true, generation });
      const answer = JSON.parse(await server.get()) as Answer;
      expect(answer.remembered).to.equal(generation);
    }
    expect(evaluations(server)).to.equal(1);
    await expectEnd(server, 1, 5);
  });

  it('promotes the most warmed-up of three workers, five times in a row', async () => {
    server = await Server.start({ app, workers: 3 });
    for (let generation = 1; generation <= 5; generation++) {
      const client = new Client(server.port);
      let warmest: Answer = { pid: 0, remembered: 0 };
      for (let request = 0; request < 20; request++)
        warmest = await client.json<Answer>('/remember');
      client.close();
      await until('the monitor to know how warm the worker is', async () =>
        (await server.stats()).workers.some(
          ({ pid, requests }) => pid === warmest.pid && requests >= 20,
        ),
      );
      const { body } = await server.refork();
      expect(body).to.include({ ok: true, generation });
      const { mold } = await server.settled(generation);
      expect(mold?.pid).to.equal(warmest.pid);
      for (const { remembered } of (await fromEachWorker<Answer>(server, '/')).values())
        expect(remembered).to.equal(20 * generation);
    }
    expect(evaluations(server)).to.equal(1);
    await expectEnd(server, 3, 5);
  });

  it('is done on SIGURG', async () => {
    server = await Server.start({ app, workers: 2 });
    server.signal('SIGURG');
    await server.logged('refork complete', { generation: 1 });
    await server.settled(1);
    await expectEnd(server, 2, 1);
  });

  it('is done by the command, which waits for it when asked to', async () => {
    server = await Server.start({ app, workers: 2 });
    const control = ['--control', server.control];
    const ordered = await runCommand(['refork', ...control]);
    expect(ordered, ordered.stderr).to.include({ code: 0, stdout: 'refork: under way\n' });
    await server.settled(1);
    const waited = await runCommand(['refork', '--wait', ...control]);
    expect(waited, waited.stderr).to.include({ code: 0 });
    expect(waited.stdout).to.match(
      /^refork: done in \S+ s: generation 2 on 2 workers; the canary .*\n$/,
    );
    const { generation, workers } = await server.stats();
    expect(generation).to.equal(2);
    for (const worker of workers) expect(worker).to.include({ generation: 2, ready: true });
    await expectEnd(server, 2, 2);
  });

  it('is done once more, and only once, for requests during it', async () => {
    server = await Server.start({
      app,
      workers: 2,
      env: { PITCHFORK_FAILPOINT: 'promote.draining@1=sleep:700' },
    });
    server.signal('SIGURG');
    await server.logged('promoting');
    server.signal('SIGURG');
    const waiting = server.refork();
    server.signal('SIGURG');
    expect((await waiting).body).to.include({ ok: true, generation: 2 });
    await server.settled(2);
    expect(server.log('refork begins')).to.have.length(2);
    await expectEnd(server, 2, 2);
  });

  it('has a stand-in, a canary and each successor ready before any worker drains', async () => {
    server = await Server.start({ app, workers: 3 });
    const samples: number[] = [];
    const done = server.refork();
    let over = false;
    void done.finally(() => (over = true));
    while (!over) samples.push((await server.stats()).workers.filter(({ ready }) => ready).length);
    expect((await done).body).to.include({ ok: true, generation: 1 });
    await server.settled(1);

    expect(Math.min(...samples), `${samples.length} samples`).to.equal(3);
    expect(lowestCapacity(server), 'serving workers at any moment').to.equal(3);
    const lines = server.log().slice(placeOf(server.log(), 'refork begins'));
    const { slot } = lines[0] ?? {};
    const at = (msg: string, fields = {}): number => placeOf(lines, msg, fields);
    const newcomers = lines.filter(({ msg, generation }) => msg === 'ready' && generation === 1);
    expect(newcomers).to.have.length(3);
    const [canary, ...others] = newcomers.map((line) => lines.indexOf(line));
    expect(at('ready', { slot, generation: 0 }), 'stand-in').to.be.below(at('promoting'));
    expect(at('mold ready', { generation: 1 })).to.be.below(Number(canary));
    expect(Number(canary)).to.be.below(at('canary is healthy, rolling out'));
    for (const other of others)
      expect(at('canary is healthy, rolling out'), 'the others wait').to.be.below(other);
    expect(at('canary is healthy, rolling out')).to.be.below(
      at('retiring mold', { generation: 0 }),
    );
    for (const each of [0, 1, 2])
      expect(at('ready', { slot: each, generation: 1 }), `slot ${each}`).to.be.below(
        at('draining', { slot: each, generation: 0 }),
      );
    await expectEnd(server, 3, 1);
  });
});
