// Goal: with `workers: 0` one process serves the app, none is forked, everything that does not need
// a fork works as usual, and the rest is refused with a reason. Method: the real server, its
// processes in /proc, its answers to every command and signal, and load during a phased restart.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { failures, startLoad } from '../support/load.js';
import { Server, withDeadline } from '../support/server.js';

const text = (name: string): string => `
import { worker } from ${JSON.stringify(new URL('../../lib/index.js', import.meta.url))};
export default (request, response) =>
  response.end(JSON.stringify({ pid: process.pid, code: '${name}', slot: worker.slot }));
`;

describe('single mode', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const start = async (config = ''): Promise<void> => {
    server = await Server.start({ app: { text: text('old') }, workers: 0, config });
  };
  const pids = (): number[] =>
    server.processes().flatMap(({ pid, state }) => (state === 'Z' ? [] : [pid]));

  it('serves from one process beside the monitor, and replaces it when it dies', async () => {
    await start();
    const [worker, ...others] = (await server.stats()).workers;
    expect(others).to.deep.equal([]);
    expect(pids()).to.have.members([server.pid, worker?.pid]);
    expect(JSON.parse(await server.get())).to.deep.equal({
      pid: worker?.pid,
      code: 'old',
      slot: 0,
    });
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    await server.logged('ended unexpectedly', { pid: worker?.pid });
    const after = await server.settled();
    expect(after.workers[0]?.pid).to.not.equal(worker?.pid);
    expect(pids()).to.have.members([server.pid, after.workers[0]?.pid]);
    await server.get();
    expect(server.log('ready').map(({ slot }) => slot)).to.deep.equal([0, 0]);
    await server.stop();
  });

  it('refuses operations that need forks, by command and by signal, with a reason', async () => {
    await start('afterFork() {}, afterMoldFork() {}, afterWorkerFork() {},');
    expect(
      server.log('these hooks never run in single mode (workers: 0)')[0]?.['hooks'],
    ).to.deep.equal(['afterFork', 'afterMoldFork']);
    const before = await server.stats();
    expect(await server.refork()).to.deep.equal({
      status: 409,
      body: { ok: false, error: 'no refork in single mode (workers: 0)' },
    });
    for (const path of ['/workers/add', '/workers/remove'])
      expect(await server.ask('POST', path)).to.deep.equal({
        status: 409,
        body: { ok: false, error: 'one worker is all there is in single mode (workers: 0)' },
      });
    const told = (msg: string): number => server.log(msg).length;
    expect(told('no refork in single mode (workers: 0)')).to.equal(1);
    for (const signal of ['SIGURG', 'SIGTTIN', 'SIGTTOU'] as const) server.signal(signal);
    // The stats are read after the signals.
    const after = await server.stats();
    expect(told('no refork in single mode (workers: 0)')).to.equal(2);
    expect(told('one worker is all there is in single mode (workers: 0)')).to.equal(4);
    expect(after.workers[0]?.pid).to.equal(before.workers[0]?.pid);
    expect(after.refork.state).to.equal('idle');
    await server.stop();
  });

  it('loses nothing in a phased restart under load', async () => {
    await start();
    const load = startLoad({ port: server.port, mode: 'close', conns: 8, seconds: 60 });
    await load.started;
    writeFileSync(join(server.directory, 'app.mjs'), text('new'));
    expect((await server.ask('POST', '/phased-restart?wait=1')).body).to.include({
      ok: true,
      phase: 1,
    });
    expect(JSON.parse(await server.get())).to.include({ code: 'new' });
    const result = await load.stop();
    expect(failures(result), JSON.stringify(result.samples)).to.equal(0);
    const { workers } = await server.settled();
    expect(workers[0]?.phase).to.equal(1);
    expect(pids()).to.have.members([server.pid, workers[0]?.pid]);
    await server.stop();
  });

  it('serves on when the new code is broken', async () => {
    await start();
    writeFileSync(join(server.directory, 'app.mjs'), 'throw new Error("broken code");');
    const { status, body } = await server.ask('POST', '/phased-restart?wait=1');
    expect(status).to.equal(409);
    expect(JSON.stringify(body)).to.include('broken code');
    expect(JSON.parse(await server.get())).to.include({ code: 'old' });
    await server.stop();
  });

  it('is suggested to a single worker with a mold, and to no other', async () => {
    const hint = 'a mold beside a single worker doubles the memory: `workers: 0` runs without one';
    server = await Server.start({ app: { text: text('old') }, workers: 1 });
    expect(server.log(hint)).to.have.lengthOf(1);
    await server.stop();
    await start();
    expect(server.log(hint)).to.have.lengthOf(0);
    await server.stop();
  });

  it('ends with 1 when the app cannot be loaded', async () => {
    const app = { text: 'throw new Error("broken code");' };
    server = await Server.start({ app, workers: 0, eager: true });
    const { code } = await withDeadline(server.exit, 15_000, 'the server to end');
    expect(code).to.equal(1);
    expect(server.text().trimEnd().split('\n').at(-1)).to.match(
      /^pitchfork-ts: could not boot: \S*app\.mjs:1:7: Error: broken code/,
    );
    await server.expectNothingLeft();
  });
});
