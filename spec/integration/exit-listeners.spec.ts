// Goal: files that a library would remove at its process's exit outlive every process but the last,
// and are then removed; exit listeners of the app run in every worker. Method: a temporary file of
// tmp and a lock of proper-lockfile, made at boot; exits of workers and molds; the files.
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { scratch } from '../support/scratch.js';
import { fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

interface Answer {
  pid: number;
  made: string;
  lock: string;
}

describe('exit listeners', () => {
  const folder = scratch();
  let server: Server;
  afterEach(() => server.destroy());

  const start = async (): Promise<Answer> => {
    const env = { MADE_HERE: folder.path };
    server = await Server.start({ app: fixtureApp('exit-listeners.mjs'), workers: 2, env });
    return JSON.parse(await server.get()) as Answer;
  };

  /** Pids of the processes that wrote this. */
  const wrote = (text: string): number[] =>
    [...server.text().matchAll(new RegExp(`^${text} (\\d+)$`, 'gm'))].map(([, pid]) => Number(pid));

  function expectKept({ made, lock }: Answer): void {
    expect(existsSync(made), 'temporary file').to.equal(true);
    expect(existsSync(lock), 'lock').to.equal(true);
  }

  it('of libraries that clean up wait for the last process, those of the app do not', async () => {
    const answer = await start();
    process.kill(answer.pid, 'SIGTERM');
    await until('its goodbyes', () => wrote('goodbye once').includes(answer.pid));
    expect(wrote('goodbye')).to.deep.equal([answer.pid]);
    await server.settled();
    expectKept(answer);

    const first = (await server.stats()).mold?.pid;
    expect((await server.refork()).body).to.include({ ok: true });
    await server.settled(1);
    await until('the first mold to be gone', () => wrote('goodbye').includes(Number(first)));
    expectKept(answer);

    await fromEachWorker(server, '/watch');
    const { mold, workers } = await server.stats();
    server.signal('SIGTERM');
    await server.exit;
    expect(existsSync(answer.made), 'temporary file').to.equal(false);
    expect(existsSync(answer.lock), 'lock').to.equal(false);
    const pids = workers.map(({ pid }) => pid).sort();
    expect(wrote('goodbye from a worker').sort()).to.deep.equal(pids);
    expect(wrote('goodbye').at(-1), 'the mold is the last').to.equal(mold?.pid);
    await server.stop();
  });
});
