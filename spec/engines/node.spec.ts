// Goal: the engine copes with the peculiarities of node:http: ways to write headers, values returned
// by handlers. Method: a listener with a route for each, raw connections.
import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import type { App } from '../../lib/api/app-types.js';
import { serve, stopEngines } from '../support/engines.js';
import { ask, RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

/** Each writes its headers in another way, with a Connection header that a proxy has copied. */
const heads: Record<string, (response: ServerResponse) => void> = {
  '/set-header': (response) => response.setHeader('Connection', 'keep-alive'),
  '/object': (response) => response.writeHead(200, 'OK', { connection: 'keep-alive', 'x-own': 1 }),
  '/list': (response) =>
    response.writeHead(200, ['Connection', 'keep-alive', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']),
  '/after-set-header': (response) => {
    response.setHeader('Connection', 'keep-alive');
    response.writeHead(200, { 'X-Own': '1' });
  },
  '/none': () => undefined,
};

const app: App = {
  kind: 'listener',
  listener: (request, response) => {
    const { url = '' } = request;
    heads[url]?.(response);
    response.end('body');
  },
};

describe('the node engine', () => {
  afterEach(stopEngines);

  for (const path of Object.keys(heads))
    it(`announces the end while it drains, whatever the app says (${path})`, async () => {
      const { places, drain } = await serve('node', app);
      const client = await RawConnection.open(places[0] ?? 0);
      expect(await client.ask(path)).to.include({ body: 'body', closing: false });
      const drained = drain({ lingerMs: 2000 });
      const answer = await client.ask(path);
      expect(answer).to.include({ status: 200, body: 'body', closing: true });
      expect(answer.headers['connection']).to.equal('close');
      if (path === '/list') expect(answer.headers['set-cookie']).to.equal('a=1\nb=2');
      expect(await client.ended()).to.equal('FIN');
      expect(await drained).to.equal(0);
    });

  it('announces its own keep-alive timeout', async () => {
    const { places } = await serve('node', app, { keepAliveTimeoutMs: 7000 });
    const client = await RawConnection.open(places[0] ?? 0);
    expect((await client.ask('/none')).headers['keep-alive']).to.equal('timeout=7');
    client.close();
  });

  const thrown = (): never => {
    throw new Error('not a promise');
  };
  const returned: readonly [name: string, value: unknown][] = [
    ['{ then: 1 }', { then: 1 }],
    ['an object whose `then` throws', { then: thrown }],
    ['an object whose `then` cannot be read', Object.defineProperty({}, 'then', { get: thrown })],
  ];
  for (const [name, value] of returned)
    it(`answers 200 although the handler returns ${name}, which is not a promise`, async () => {
      const { places, engine } = await serve('node', {
        kind: 'listener',
        listener: (_request, response) => {
          setImmediate(() => response.end('body'));
          return value;
        },
      });
      expect(await ask(places[0] ?? 0, '/')).to.include({ status: 200, body: 'body' });
      await until('the count', () => engine.figures.requests === 1);
    });

  it('delivers a response although its handler rejects after the end', async () => {
    const { places } = await serve('node', {
      kind: 'listener',
      listener: async (_request, response) => {
        response.end('x'.repeat(4_000_000));
        await Promise.reject(new Error('thrown too late'));
      },
    });
    expect((await ask(places[0] ?? 0, '/')).body).to.have.lengthOf(4_000_000);
  });
});
