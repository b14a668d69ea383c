// Goal: an unresponsive peer delays no fork, but a connection that the app protects is waited for.
// Method: a listening socket with a full queue, so that the kernel answers no further client; an
// app that connects to it for ever, or in a section of preventFork.
import { once } from 'node:events';
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { native } from '../../lib/system/native.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const index = new URL('../../lib/index.js', import.meta.url);

const app = {
  text: `
import { connect } from 'node:net';
import { worker } from 'pitchfork-ts';
const port = Number(process.env.SILENT_PORT);
const again = () => connect(port, '127.0.0.1').on('error', () => setTimeout(again, 300));
if (process.env.AT_BOOT) again();
const connected = () => new Promise((resolve) => {
  connect(port, '127.0.0.1')
    .on('connect', () => resolve('connected'))
    .on('error', (error) => resolve(error.code));
});
export default ({ url }, response) => {
  if (url === '/section')
    void worker.preventFork(connected).then((how) => console.log('section: ' + how));
  response.end(JSON.stringify({ pid: process.pid }));
};
`.replace("'pitchfork-ts'", JSON.stringify(index)),
};

/** The time limit for attempts to connect, and a little more. */
const graceMs = 2_000;

describe('a connection that is not answered', () => {
  let server: Server;
  let listener: number | undefined;
  let acceptor: NetServer | undefined;
  let queued: Socket[];
  let env: Record<string, string>;

  beforeEach(async () => {
    const options = { address: '127.0.0.1', port: 0, reusePort: false, ipv6Only: false };
    listener = native.listenTcp({ ...options, backlog: 1 });
    const port = native.boundPort(listener);
    env = { SILENT_PORT: String(port) };
    // The kernel queues one more than requested.
    queued = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    await Promise.all(queued.map((socket) => once(socket, 'connect')));
  });
  afterEach(async () => {
    await server.destroy();
    for (const socket of queued) socket.destroy();
    acceptor?.close();
    acceptor = undefined;
    if (listener !== undefined) native.closeDescriptor(listener);
  });

  it('does not keep a mold from freezing, at boot or in a refork', async () => {
    const config = `spawnTimeout: '5s',`;
    server = await Server.start({ app, workers: 2, config, env: { ...env, AT_BOOT: '1' } });
    expect((await server.refork()).body).to.include({ ok: true, generation: 1 });
    await server.stop();
  });

  it('is waited for in a section of preventFork', async () => {
    server = await Server.start({ app, workers: 1, env });
    await server.get('/section');
    const refork = server.refork();
    const { time } = await server.logged('drained, becoming a mold');
    await until('the grace to be over', () => Date.now() > Date.parse(String(time)) + graceMs);
    acceptor = createServer((socket) => socket.on('error', () => socket.destroy()));
    acceptor.listen({ fd: listener });
    listener = undefined;
    expect((await refork).body).to.include({ ok: true, generation: 1 });
    expect(server.text()).to.include('section: connected');
    await server.stop();
  });
});
