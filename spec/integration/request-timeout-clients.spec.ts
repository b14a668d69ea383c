// Goal: time spent waiting for a client is not counted against `requestTimeout`: neither slow uploads
// nor slow readers have a request ended, a worker replaced, or a log line written; a handler that
// does not read its body or write its response is not excused by its client. Method: slow clients
// beside a handler that is slow itself, on both engines; the log, the hooks and the pids.
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { hasUws } from '../support/engines.js';
import { calls, recorder } from '../support/hook-calls.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const index = new URL('../../lib/index.js', import.meta.url);
const size = 64 * 1024 * 1024;

/** `/read` answers when it has the body, `/big` with `size` bytes, `/ignore` never. */
const apps = {
  node: `const big = Buffer.alloc(${size});
    export default (request, response) => {
      if (request.url === '/big') response.end(big);
      if (request.url !== '/read') return;
      request.resume().on('end', () => response.end('read'));
    };`,
  fetch: `const piece = new Uint8Array(${size / 64});
    const big = (left = 64) => new ReadableStream({
      pull: (controller) => left-- > 0 ? controller.enqueue(piece) : controller.close(),
    });
    export default { async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === '/big') return new Response(big());
      if (pathname === '/ignore') return new Promise(() => undefined);
      return new Response((await request.text()) && 'read');
    } };`,
  uws: `import { uws } from '${index.href}';
    const big = Buffer.alloc(${size});
    export default uws((app) => app.any('/*', (response, request) => {
      response.onAborted(() => undefined);
      const path = request.getUrl();
      if (path === '/big') {
        response.onWritable((offset) => response.tryEnd(big.subarray(offset), big.length)[1]);
        response.tryEnd(big, big.length);
      } else if (path === '/read')
        response.onData((_, isLast) => { if (isLast) response.end('read'); });
    }));`,
} as const;

const uploadMs = 250;

describe('a request timeout and slow clients', () => {
  let server: Server;
  const open: Socket[] = [];
  afterEach(() => {
    for (const socket of open.splice(0)) socket.destroy();
    return server.destroy();
  });

  /** Sends the head, and a byte of the body now and then, as long as `isSlow`. */
  async function upload(path: string, isSlow: () => boolean): Promise<RawConnection> {
    const client = await RawConnection.open(server.port);
    open.push(client.socket);
    client.socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n`);
    let sent = 0;
    const timer = setInterval(() => {
      if (isSlow()) (client.socket.write('x'), sent++);
      else client.socket.write('x'.repeat(1000 - sent), () => clearInterval(timer));
    }, uploadMs);
    client.socket.once('close', () => clearInterval(timer));
    return client;
  }

  for (const [engine, app] of [
    ['node', 'node'],
    ['node', 'fetch'],
    ['uws', 'fetch'],
    ['uws', 'uws'],
  ] as const) {
    const when = engine === 'uws' && !hasUws ? it.skip : it;

    when(`is for the handler only, with engine ${engine} and a ${app} app (D1)`, async () => {
      server = await Server.start({
        app: { text: apps[app] },
        workers: 1,
        prelude: recorder,
        config: `engine: '${engine}', requestTimeout: '3s', cleanupTimeout: '2s',
          afterWorkerTimeout: record('soft'),`,
      });
      const [before] = (await server.stats()).workers;
      let isSlow = true;
      const begun = Date.now();
      const uploading = await upload('/read', () => isSlow);
      // Not for longer: uWebSockets.js ends a connection that stands still for 10 s.
      const reader = connect(server.port, '127.0.0.1');
      open.push(reader);
      reader.on('error', () => undefined).write('GET /big HTTP/1.1\r\nHost: a\r\n\r\n');
      await until('both requests', async () => (await inFlight()) === 2);
      reader.pause();
      await until('both timeouts to have passed', () => Date.now() - begun > 6_000);
      expect(await inFlight()).to.equal(2);
      isSlow = false;
      expect((await uploading.answer()).body).to.equal('read');
      let received = 0;
      reader.on('data', (piece) => (received += piece.length)).resume();
      await until('the rest', () => received > size);
      expect([...server.log('request timed out'), ...server.log('cutting requests')]).to.be.empty;

      const ignored = await upload('/ignore', () => true);
      const { reason } = await server.logged('cutting requests');
      expect(reason).to.match(/^POST \/ignore, 5\.\d s: did not end/);
      await ignored.ended();
      expect(calls(server, 'soft').map(({ pid }) => pid)).to.deep.equal([before?.pid]);
      await server.stop();
    });
  }

  const inFlight = async (): Promise<number> => (await server.stats()).workers[0]?.inFlight ?? 0;
});
