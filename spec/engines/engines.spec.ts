// Goal: all engines behave alike with every kind of app: answers, figures, drain. Method: the same
// requests to real engines on real sockets; load while they drain.
import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import type { CompletedRequest } from '../../lib/api/hooks.js';
import type { EngineName } from '../../lib/api/config.js';
import type { DrainOptions } from '../../lib/engines/engine.js';
import { nameRequests } from '../../lib/engines/in-flight-request.js';
import type { UwsResponse, UwsTemplatedApp } from '../../lib/engines/uws-module.js';
import type { App } from '../../lib/api/app-types.js';
import { hasUws, serve, stopEngines } from '../support/engines.js';
import { failures, startLoad } from '../support/load.js';
import { ask, RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

/** Lets the answers to /slow go. */
let release: () => void;
let released: Promise<void>;

const large = 'x'.repeat(8 * 1024 * 1024);

function listener(): App {
  return {
    kind: 'listener',
    listener: async ({ url }, response: ServerResponse) => {
      if (url === '/throw') throw new Error('thrown by the app');
      if (url === '/slow') await released;
      response.end(url === '/large' ? large : `hello from ${url}`);
    },
  };
}

function fetchApp(): App {
  return {
    kind: 'fetch',
    fetch: async (request) => {
      const path = new URL(request.url).pathname;
      if (path === '/throw') throw new Error('thrown by the app');
      if (path === '/slow') await released;
      return new Response(path === '/large' ? large : `hello from ${path}`);
    },
  };
}

function uwsApp(): App {
  return {
    kind: 'uws',
    register: (app) => {
      (app as unknown as UwsTemplatedApp).any('/*', (response: UwsResponse, request) => {
        const path = request.getUrl();
        if (path === '/throw') throw new Error('thrown by the app');
        if (path === '/large') return void response.end(large);
        if (path !== '/slow') return void response.end(`hello from ${path}`);
        let aborted = false;
        response.onAborted(() => (aborted = true));
        void released.then(() => {
          if (!aborted) response.cork(() => response.end(`hello from ${path}`));
        });
      });
    },
  };
}

const cases: [EngineName, string, () => App][] = [
  ['node', 'a listener', listener],
  ['node', 'a fetch handler', fetchApp],
  ['uws', 'a fetch handler', fetchApp],
  ['uws', 'a uws app', uwsApp],
];

for (const [name, kind, app] of cases)
  describe(`engine ${name} with ${kind}`, () => {
    before(function () {
      if (name === 'uws' && !hasUws) this.skip();
    });
    beforeEach(() => {
      released = new Promise((resolve) => (release = resolve));
    });
    afterEach(stopEngines);

    it('answers requests and counts them', async () => {
      const { places, engine } = await serve(name, app());
      const client = await RawConnection.open(places[0] ?? 0);
      expect((await client.ask('/one')).body).to.equal('hello from /one');
      expect((await client.ask('/two')).body).to.equal('hello from /two');
      client.send('/slow');
      await until('the request to be in flight', () => engine.figures.inFlight === 1);
      expect(engine.figures.requests).to.equal(2);
      release();
      expect((await client.answer()).body).to.equal('hello from /slow');
      await until('the request to end', () => engine.figures.inFlight === 0);
      expect(engine.figures.requests).to.equal(3);
      expect(engine.figures.latency.counts.reduce((sum, count) => sum + count)).to.equal(3);
      client.close();
    });

    it('tells of completed requests', async () => {
      const completed: CompletedRequest[] = [];
      const onRequestComplete = (request: CompletedRequest): void => void completed.push(request);
      const { places } = await serve(name, app(), { onRequestComplete });
      await ask(places[0] ?? 0, '/path?query=1', { method: 'POST', body: 'x' });
      await until('the report', () => completed.length === 1);
      expect(completed[0]).to.include({ method: 'POST', url: '/path?query=1' });
      expect(completed[0]?.durationMs).to.be.within(0, 1000);
    });

    it('serves on several sockets, and on unix sockets', async () => {
      const tcp = await serve(name, app(), { sockets: 2 });
      const unix = await serve(name, app(), { sockets: 2, unix: true });
      for (const place of [...tcp.places, ...unix.places])
        expect((await ask(place, '/')).body).to.equal('hello from /');
      expect([await tcp.drain(), await unix.drain()]).to.deep.equal([0, 0]);
    });

    it('sends no body in answer to HEAD (F7)', async () => {
      const { places } = await serve(name, app());
      const answer = await ask(places[0] ?? 0, '/', { method: 'HEAD' });
      expect(answer).to.include({ status: 200, body: '' });
    });

    it('answers 500 when the app throws, and lives', async () => {
      const { places, engine } = await serve(name, app());
      const client = await RawConnection.open(places[0] ?? 0);
      expect((await client.ask('/throw')).status).to.equal(500);
      expect((await client.ask('/')).status).to.equal(200);
      await until('both to be counted', () => engine.figures.requests === 2);
      client.close();
    });

    it('counts a request whose client left', async () => {
      const { places, engine } = await serve(name, app());
      const client = await RawConnection.open(places[0] ?? 0);
      client.send('/slow');
      await until('the request to be in flight', () => engine.figures.inFlight === 1);
      client.close();
      await until('the request to end', () => engine.figures.inFlight === 0);
      expect(engine.figures.requests).to.equal(1);
      release();
    });

    it('answers what is in flight when it drains, and announces the end', async () => {
      const { places, engine, drain } = await serve(name, app());
      const client = await RawConnection.open(places[0] ?? 0);
      client.send('/slow');
      await until('the request to be in flight', () => engine.figures.inFlight === 1);
      const drained = drain();
      setTimeout(release, 300);
      expect(await client.answer()).to.include({ body: 'hello from /slow', closing: true });
      expect(await drained).to.equal(0);
      expect(await client.ended()).to.equal('FIN');
    });

    it('answers once more on a kept-alive connection while it lingers (D5)', async () => {
      const { places, drain } = await serve(name, app());
      const client = await RawConnection.open(places[0] ?? 0);
      const silent = await RawConnection.open(places[0] ?? 0);
      expect((await client.ask('/')).closing).to.equal(false);
      const drained = drain({ lingerMs: 2000 });
      expect(client.ending).to.equal(undefined);
      expect((await client.ask('/again')).closing).to.equal(true);
      expect((await silent.ask('/first')).closing).to.equal(true);
      client.close();
      silent.close();
      expect(await drained).to.equal(0);
    });

    it('ends idle connections politely, silent ones and half a head too (D14)', async () => {
      const { places, drain } = await serve(name, app());
      const clients = await Promise.all([1, 2, 3, 4].map(() => RawConnection.open(places[0] ?? 0)));
      await clients[0]?.ask('/');
      clients[1]?.socket.write('GET / HTTP/1.1\r\nHost: a\r\nX-Half: ');
      await clients[2]?.ask('/');
      clients[2]?.socket.write('GET /half');
      const start = performance.now();
      expect(await drain({ lingerMs: 300 })).to.equal(0);
      expect(performance.now() - start).to.be.within(290, 1500);
      for (const client of clients) expect(await client.ended()).to.equal('FIN');
    });

    it('does not linger when nobody is connected', async () => {
      const { drain } = await serve(name, app());
      const start = performance.now();
      expect(await drain({ lingerMs: 5000, timeoutMs: 9000 })).to.equal(0);
      expect(performance.now() - start).to.be.below(500);
    });

    it('cuts what overruns, and says how much (D7, D8)', async () => {
      const { places, engine, drain } = await serve(name, app());
      const clients = await Promise.all([1, 2, 3].map(() => RawConnection.open(places[0] ?? 0)));
      clients[0]?.send('/slow');
      clients[1]?.send('/slow');
      await until('two requests to be in flight', () => engine.figures.inFlight === 2);
      const start = performance.now();
      const named: string[] = [];
      const onCut: DrainOptions['onCut'] = (requests) =>
        void named.push(nameRequests(requests).replaceAll(/\d\.\d s/g, 'some time'));
      expect(await drain({ lingerMs: 50, timeoutMs: 400, onCut })).to.equal(2);
      expect(named).to.deep.equal(['GET /slow, some time; GET /slow, some time']);
      expect(performance.now() - start).to.be.within(390, 1500);
      for (const client of clients) await client.ended();
      expect(engine.figures.inFlight).to.equal(0);
      release();
    });

    it('delivers a large answer to a slow reader before it ends', async () => {
      const { places, drain, engine } = await serve(name, app());
      const client = await RawConnection.open(places[0] ?? 0);
      client.socket.pause();
      client.send('/large');
      const { figures } = engine;
      await until('the request', () => figures.requests + figures.inFlight === 1);
      const drained = drain({ lingerMs: 50, timeoutMs: 5000 });
      setTimeout(() => client.socket.resume(), 500);
      expect((await client.answer()).body.length).to.equal(large.length);
      client.close();
      expect(await drained).to.equal(0);
    });

    it('leaves nothing behind', async () => {
      // Mocha's own timer is there after a first turn.
      await new Promise((resolve) => setImmediate(resolve));
      const before = process.getActiveResourcesInfo().sort();
      const { places, drain } = await serve(name, app(), { sockets: 2 });
      await ask(places[0] ?? 0, '/');
      await ask(places[1] ?? 0, '/');
      await drain();
      await until('the clients to be gone', () => {
        expect(process.getActiveResourcesInfo().sort()).to.deep.equal(before);
        return true;
      });
    });

    for (const mode of ['keepalive', 'close'] as const)
      it(`loses no request when it drains under load (${mode})`, async () => {
        let served = await serve(name, app());
        const load = startLoad({ port: Number(served.places[0]), mode, conns: 8, seconds: 30 });
        await load.started;
        for (let successor = 0; successor < 3; successor++) {
          const { figures } = served.engine;
          await until('some load', () => figures.requests > 500);
          expect(await served.drain({ lingerMs: 1000 })).to.equal(0);
          served = await served.succeed();
        }
        const result = await load.stop();
        expect(result.samples).to.deep.equal([]);
        expect(failures(result)).to.equal(0);
        expect(result.ok).to.equal(result.sent);
      });
  });
