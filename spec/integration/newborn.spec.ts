// Goal: a forked worker is a process in its own right: it knows its identity, and everything that
// Node offers works in it, however many forks precede it. Method: an app that reports its process's
// view of itself, compared with /proc, and that starts children, uses libuv's and V8's pools and
// collects garbage, asked in three workers of four generations.
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { processOf } from '../support/processes.js';
import { fixtureApp, Server } from '../support/server.js';

interface Identity {
  pid: number;
  kernelPid: number;
  ppid: number;
  group: number;
  title: string;
  kernelTitle: string;
  worker: {
    slot: number;
    generation: number;
    phase: number;
    pid: number;
    requests: number;
    shuttingDown: boolean;
  };
}

const app = fixtureApp('newborn.ts');
const lastGeneration = 3;

/** Calls `look` in generation 0 and after each refork. */
async function throughGenerations(
  server: Server,
  look: (generation: number) => Promise<void>,
): Promise<void> {
  await look(0);
  for (let generation = 1; generation <= lastGeneration; generation++) {
    expect((await server.refork()).body).to.include({ ok: true, generation });
    await look(generation);
  }
}

describe('a newborn worker', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('knows its pid, parent, group, title, slot and generation', async () => {
    server = await Server.start({ app, workers: 3 });
    await throughGenerations(server, async (generation) => {
      const answers = await fromEachWorker<Identity>(server, '/');
      const { workers } = await server.stats();
      expect(workers.map(({ slot }) => slot)).to.deep.equal([0, 1, 2]);
      for (const { slot, pid } of workers) {
        const prefix = `pitchfork-ts (gen:${generation}) worker[${slot}] - requests: `;
        const { worker, title, kernelTitle, ...identity } = answers.get(pid) ?? {};
        expect(kernelTitle).to.equal(title);
        expect(title).to.satisfy((text: string) => text.startsWith(prefix), title);
        expect(identity).to.deep.equal({
          pid,
          kernelPid: pid,
          ppid: server.pid,
          group: pid,
        });
        expect(worker).to.include({ slot, generation, phase: 0, pid, shuttingDown: false });
        expect(processOf(pid)).to.include({ parent: server.pid, group: pid });
      }
    });
    await server.stop();
  });

  it('counts its own requests from zero, not its mold’s', async () => {
    server = await Server.start({ app, workers: 3 });
    await throughGenerations(server, async () => {
      const answered = new Map<number, number>();
      for (let request = 0; request < 30; request++) {
        const { pid, worker } = JSON.parse(await server.get()) as Identity;
        const before = answered.get(pid) ?? 0;
        expect(worker.requests).to.equal(before);
        answered.set(pid, before + 1);
      }
    });
    await server.stop();
  });

  it('starts children, resolves names, reads, hashes, compresses, compiles, collects', async () => {
    server = await Server.start({ app, workers: 3 });
    await throughGenerations(server, async () => {
      for (const [pid, answer] of await fromEachWorker(server, '/work'))
        expect(answer).to.deep.equal({
          pid,
          exited: 7,
          killed: 'SIGKILL',
          output: 'from a child\n',
          address: '127.0.0.1',
          file: true,
          key: '5ec02b91a4b59c6f',
          unpacked: true,
          sum: 42,
          collections: 10,
        });
    });
    expect(server.log('ended unexpectedly')).to.deep.equal([]);
    await server.stop();
  });
});
