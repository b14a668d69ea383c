// Goal: a worker whose app has closed descriptors of the server is replaced, and the others
// continue to serve. Method: apps that close every descriptor above stdio, the sockets that they
// are served from, or their server.
import { expect } from 'chai';
import { expectPostConditions } from '../support/post-conditions.js';
import { processOf } from '../support/processes.js';
import { Server } from '../support/server.js';

const app = {
  text: `
import { closeSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
const listening = () =>
  readFileSync('/proc/net/tcp', 'latin1').split('\\n')
    .map((row) => row.trim().split(/\\s+/))
    .flatMap(([, , , state, , , , , , inode]) => (state === '0A' ? ['socket:[' + inode + ']'] : []));
const linkOf = (fd) => {
  try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; }
};
const closeAll = (fds) => {
  for (const fd of fds) try { closeSync(fd); } catch {}
};
const ways = {
  '/descriptors': () => closeAll(Array.from({ length: 61 }, (_, index) => index + 3)),
  '/sockets': () => {
    const sockets = listening();
    closeAll(readdirSync('/proc/self/fd').map(Number).filter((fd) => sockets.includes(linkOf(fd))));
  },
};
export default ({ url, socket }, response) => {
  const way = url === '/server' ? () => socket.server.close() : ways[url];
  if (way) setTimeout(way, 20);
  response.end(JSON.stringify({ pid: process.pid }));
};
`,
};

describe('a worker whose app closes', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const expectReplaced = async (path: string, end: 'ended unexpectedly' | 'exited') => {
    server = await Server.start({ app, workers: 2 });
    const { pid } = JSON.parse(await server.get(path)) as { pid: number };
    const ticks = processOf(server.pid)?.ticks ?? 0;
    const started = Date.now();
    await server.logged(end, { pid });
    const cpuSeconds = ((processOf(server.pid)?.ticks ?? 0) - ticks) / 100;
    expect(cpuSeconds, 'CPU seconds of the monitor').to.be.below(
      0.2 + (Date.now() - started) / 10_000,
    );
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  };

  it('all descriptors is replaced (W13)', () =>
    expectReplaced('/descriptors', 'ended unexpectedly'));

  for (const path of ['/sockets', '/server'])
    it(`its ${path.slice(1)} is replaced in good order (W14)`, async () => {
      await expectReplaced(path, 'exited');
    });
});
