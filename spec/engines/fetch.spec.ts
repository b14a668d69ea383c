// Goal: Web-standard handlers work alike on both engines: bodies stream both ways with
// backpressure, and disconnections are noticed. Method: a route for each case, raw connections.
import { expect } from 'chai';
import type { EngineName } from '../../lib/api/config.js';
import type { App } from '../../lib/api/app-types.js';
import { hasUws, serve, stopEngines } from '../support/engines.js';
import { ask, RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

const encoder = new TextEncoder();
const pieceSize = 64 * 1024;
const pieces = 200;

/** Observations of the handler. */
let produced = 0;
let cancelled = false;
let aborted = false;
let consumed = 0;
let consume: () => void;

const routes: Record<string, (request: Request) => Response | Promise<Response>> = {
  '/request': (request) =>
    Response.json({
      method: request.method,
      url: request.url,
      header: request.headers.get('x-own'),
    }),
  '/echo': async (request) => new Response(await request.text()),
  '/pipe': (request) => new Response(request.body),
  '/cookies': () => {
    const headers = new Headers({ 'X-Own': '1' });
    headers.append('Set-Cookie', 'a=1');
    headers.append('Set-Cookie', 'b=2');
    return new Response('cookies', { status: 201, headers });
  },
  '/empty': () => new Response(null, { status: 204 }),
  '/nothing': () => new Response(null),
  '/stream': () => new Response(numbers()),
  '/sized': () =>
    new Response(numbers(), { headers: { 'Content-Length': String(pieces * pieceSize) } }),
  '/broken': () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(encoder.encode('begun')),
        pull: async (controller) => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          controller.error(new Error('broken by the app'));
        },
      }),
    ),
  '/slow-consumer': async (request) => {
    await new Promise<void>((resolve) => (consume = resolve));
    for await (const piece of request.body ?? []) consumed += (piece as Uint8Array).byteLength;
    return new Response(String(consumed));
  },
  '/abort': (request) =>
    new Promise((_resolve, reject) => {
      request.signal.addEventListener('abort', () => {
        aborted = true;
        reject(new Error('aborted'));
      });
    }),
};

function numbers(): ReadableStream<Uint8Array> {
  produced = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (produced === pieces) return controller.close();
      controller.enqueue(new Uint8Array(pieceSize).fill(97 + (produced++ % 26)));
    },
    cancel: () => void (cancelled = true),
  });
}

const whole = Array.from({ length: pieces }, (_, index) =>
  String.fromCharCode(97 + (index % 26)).repeat(pieceSize),
).join('');

const app: App = {
  kind: 'fetch',
  fetch: (request) =>
    routes[new URL(request.url).pathname]?.(request) ?? new Response('', { status: 404 }),
};

const engines: EngineName[] = ['node', 'uws'];
for (const name of engines)
  describe(`a fetch handler on engine ${name}`, () => {
    before(function () {
      if (name === 'uws' && !hasUws) this.skip();
    });
    let port: number;
    beforeEach(async () => {
      [cancelled, aborted, consumed] = [false, false, 0];
      const { places } = await serve(name, app);
      port = Number(places[0]);
    });
    afterEach(stopEngines);

    it('is given the method, URL and headers', async () => {
      const headers = { 'X-Own': 'value' };
      const { body } = await ask(port, '/request?a=1&b=%20', {
        method: 'PATCH',
        headers,
        body: '',
      });
      expect(JSON.parse(body)).to.deep.equal({
        method: 'PATCH',
        url: 'http://localhost/request?a=1&b=%20',
        header: 'value',
      });
    });

    const hosts: readonly [host: string, url: string | null][] = [
      ['example.org', 'http://example.org/request?a=1'],
      ['example.org:8080', 'http://example.org:8080/request?a=1'],
      ['[::1]:8080', 'http://[::1]:8080/request?a=1'],
      ['', 'http://localhost/request?a=1'],
      ...['a/admin?x=', 'a/admin#', 'a\\admin?', 'a:1/../admin?', 'user@b', 'a b', 'a?', 'a#'].map(
        (host) => [host, null] as [string, null],
      ),
      ...['a:b', 'a:1:2', '[::1', '%2f', 'a:99999', '/', '.../../'].map(
        (host) => [host, null] as [string, null],
      ),
    ];
    for (const [host, url] of hosts)
      it(`${url === null ? 'refuses' : 'takes'} the Host ${JSON.stringify(host)}`, async () => {
        const { status, body } = await ask(port, '/request?a=1', { headers: { Host: host } });
        expect(status).to.equal(url === null ? 400 : 200);
        if (url !== null) expect((JSON.parse(body) as { url: string }).url).to.equal(url);
      });

    it('serves HTTP/1.0 without a Host, as far as its engine does', async () => {
      const client = await RawConnection.open(port);
      client.socket.write('GET /request HTTP/1.0\r\n\r\n');
      // uWebSockets.js does not serve HTTP/1.0 at all.
      if (name === 'node') {
        const { status, body } = await client.answer();
        expect(status).to.equal(200);
        expect((JSON.parse(body) as { url: string }).url).to.equal('http://localhost/request');
      }
      client.close();
    });

    it('answers with its status and headers, repeated ones too', async () => {
      const answer = await ask(port, '/cookies');
      expect(answer).to.include({ status: 201, body: 'cookies' });
      expect(answer.headers).to.include({ 'x-own': '1', 'set-cookie': 'a=1\nb=2' });
    });

    it('answers without a body', async () => {
      const client = await RawConnection.open(port);
      const empty = await client.ask('/empty');
      expect(empty.status).to.equal(204);
      expect(empty.headers).to.not.have.any.keys('content-length', 'transfer-encoding');
      expect(await client.ask('/nothing')).to.include({ status: 200, body: '' });
      client.close();
    });

    it('reads bodies small and large, and keeps the connection', async () => {
      const client = await RawConnection.open(port);
      for (const size of [0, 1, 1000, 300_000]) {
        const body = 'z'.repeat(size);
        expect((await client.ask('/echo', { method: 'POST', body })).body === body).to.equal(true);
      }
      client.close();
    });

    it('pipes a body back while it arrives', async () => {
      const body = 'p'.repeat(3_000_000);
      const answer = await ask(port, '/pipe', { method: 'POST', body });
      expect(answer.body === body).to.equal(true);
    });

    for (const path of ['/stream', '/sized'])
      it(`streams ${path} no faster than the client reads`, async () => {
        const client = await RawConnection.open(port);
        client.socket.pause();
        client.send(path);
        let before = -1;
        await until('the handler to be held up', async () => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          const settled = produced > 0 && produced === before;
          before = produced;
          return settled;
        });
        expect(produced).to.be.below(pieces);
        client.socket.resume();
        expect((await client.answer()).body === whole).to.equal(true);
        expect((await client.ask('/cookies')).body).to.equal('cookies');
        client.close();
      });

    it('takes a body no faster than the handler reads it (R11)', async () => {
      const client = await RawConnection.open(port);
      const size = 16 * 1024 * 1024;
      client.send('/slow-consumer', { method: 'POST', body: 'b'.repeat(size) });
      let before = -1;
      await until('the client to be held up', async () => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        const settled = client.socket.bytesWritten > 0 && client.socket.writableLength === before;
        before = client.socket.writableLength;
        return settled;
      });
      expect(client.socket.writableLength).to.be.above(size / 4);
      consume();
      expect((await client.answer()).body).to.equal(String(size));
      client.close();
    });

    it('cuts a response whose body breaks', async () => {
      const client = await RawConnection.open(port);
      client.send('/broken');
      await client.ended();
      expect((await ask(port, '/cookies')).status).to.equal(201);
    });

    it("aborts the request's signal when the client leaves", async () => {
      const client = await RawConnection.open(port);
      client.send('/abort');
      await new Promise((resolve) => setTimeout(resolve, 50));
      client.close();
      await until('the signal', () => aborted);
    });

    it('cancels a stream when the client leaves', async () => {
      const client = await RawConnection.open(port);
      client.socket.pause();
      client.send('/stream');
      await until('the stream', () => produced > 0);
      client.close();
      await until('the cancellation', () => cancelled);
    });
  });
