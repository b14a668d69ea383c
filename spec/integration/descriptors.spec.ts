// Goal: no process holds a descriptor of another: a shared epoll set, pipe or channel lets one
// process disturb or outlive another. Method: the kernel's own comparison of open files (kcmp)
// between all processes through three reforks, and the listening sockets, flags and numbers of
// descriptors from /proc.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { descriptors } from '../support/processes.js';
import { Server } from '../support/server.js';
import { listeningSockets, wronglyShared } from '../support/shared-files.js';
import { until } from '../support/until.js';

const app = {
  text: `
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
export default async ({ url }, response) => {
  const answer = { pid: process.pid };
  if (url === '/work') {
    await Promise.all([readFile('/proc/self/comm'), promisify(execFile)('true')]);
    await fetch('http://127.0.0.1:1/').catch(() => undefined);
  }
  if (url === '/child')
    answer.child = spawn('sleep', ['60'], { stdio: 'ignore', detached: true }).pid;
  response.end(JSON.stringify(answer));
};
`,
};

/** The inodes of the listening sockets that a process holds. */
function listening(pid: number): Set<string> {
  const sockets = listeningSockets();
  return new Set(
    [...descriptors(pid).values()]
      .map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? '')
      .filter((inode) => sockets.has(inode)),
  );
}

const flagsOf = (pid: number, fd: number): string =>
  /^flags:\s*(\S+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'))?.[1] ?? '';

describe('descriptors', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('are shared by no two processes, through three reforks', async () => {
    server = await Server.start({ app, workers: 3 });
    for (let generation = 0; generation <= 3; generation++) {
      if (generation > 0) expect((await server.refork()).body).to.include({ ok: true });
      await fromEachWorker(server, '/work');
      await server.settled(generation);
      const pids = server.processes().map(({ pid }) => pid);
      expect(pids.length).to.equal(5);
      expect(wronglyShared(pids)).to.deep.equal([]);
    }
    await server.stop();
  });

  it('of listening sockets: a worker has its slot’s, a mold none, the monitor all', async () => {
    server = await Server.start({ app, workers: 3 });
    for (let generation = 0; generation <= 3; generation++) {
      if (generation > 0) expect((await server.refork()).body).to.include({ ok: true });
      const { mold, workers } = await server.settled(generation);
      const queues = workers.map(({ pid }) => [...listening(pid)]);
      expect(queues.map((inodes) => inodes.length)).to.deep.equal([1, 1, 1]);
      expect(new Set(queues.flat()).size, 'distinct queues').to.equal(3);
      expect([...listening(mold?.pid ?? 0)], 'of the mold').to.deep.equal([]);
      const ofMonitor = listening(server.pid);
      expect(ofMonitor).to.include.all.keys(...queues.flat());
      // The sockets of the control API and the metrics are the monitor's alone.
      expect(ofMonitor.size, 'of the monitor').to.equal(3 + 2);
    }
    await server.stop();
  });

  it('are not passed on to processes that a worker starts (F8)', async () => {
    server = await Server.start({ app, workers: 1 });
    await server.refork();
    const { child } = JSON.parse(await server.get('/child')) as { child: number };
    try {
      const isSleep = (): boolean =>
        readFileSync(`/proc/${child}/comm`, 'latin1').trim() === 'sleep';
      await until('the child to be what it was started as', isSleep);
      const ambient = new Set(descriptors(process.pid).values());
      const passedOn = [...descriptors(child)].filter(([fd, link]) => fd > 2 && !ambient.has(link));
      expect(passedOn).to.deep.equal([]);
    } finally {
      process.kill(child, 'SIGKILL');
    }
    await server.stop();
  });

  // An app that writes to a pipe makes it non-blocking for all (Node does); then that must stay.
  for (const [kind, text] of [
    ['silent', app.text],
    ['talking', `console.log('loaded'); ${app.text}`],
  ] as const)
    it(`of the log pipe of a ${kind} app keep their flags, whichever process exits or is killed`, async () => {
      server = await Server.start({ app: { text }, workers: 3, output: 'pipe' });
      const flags = (): string[] => [1, 2].map((fd) => flagsOf(server.pid, fd));
      const before = flags();
      const expectUnchanged = (after: string): void => {
        expect(flags(), `flags after ${after}`).to.deep.equal(before);
      };
      await fromEachWorker(server, '/work');
      expectUnchanged('children of workers');
      await server.refork();
      await server.settled(1);
      expectUnchanged('a refork');
      const [victim] = (await server.stats()).workers;
      process.kill(victim?.pid ?? 0, 'SIGKILL');
      await server.logged('ended unexpectedly', { pid: victim?.pid });
      await server.settled(1);
      expectUnchanged('the death of a worker');
      server.signal('SIGTTOU');
      await until('two workers', async () => (await server.settled()).workers.length === 2);
      expectUnchanged('a worker less');
      const { mold } = await server.stats();
      process.kill(mold?.pid ?? 0, 'SIGKILL');
      await server.logged('ended unexpectedly', { pid: mold?.pid });
      await server.settled(2);
      expectUnchanged('the death of the mold');
      await server.stop();
    });
});
