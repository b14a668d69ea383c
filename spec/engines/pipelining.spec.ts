// Goal: pipelined requests leave nothing behind, and each whose handler has run is answered, in order,
// even if its worker drains meanwhile. Method: raw connections to the engine for node:http, the
// app's view of them.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import type { App } from '../../lib/api/app-types.js';
import { serve, stopEngines } from '../support/engines.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

describe('pipelined requests on engine node', () => {
  /** The responses that the app holds, by path. */
  const held = new Map<string, ServerResponse>();
  /** The paths that the app has been called with. */
  const handled: string[] = [];
  /** The connection, as the app sees it. */
  let socket: Socket | undefined;

  const app: App = {
    kind: 'listener',
    listener: (request, response) => {
      const { url = '' } = request;
      handled.push(url);
      ({ socket } = request);
      if (url.startsWith('/held')) held.set(url, response);
      else response.end(url);
    },
  };

  beforeEach(() => {
    held.clear();
    handled.length = 0;
  });
  afterEach(stopEngines);

  it('leave no listener on their connection', async () => {
    const { places, engine } = await serve('node', app);
    const client = await RawConnection.open(places[0] ?? 0);
    await client.ask('/first');
    const listeners = (): number => socket?.listenerCount('close') ?? 0;
    const before = listeners();
    for (let round = 1; round <= 20; round++) {
      client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50));
      await until('the answers', () => engine.figures.requests === 1 + round * 50);
    }
    await until('all to end', () => engine.figures.inFlight === 0);
    expect(listeners()).to.be.at.most(before);
    client.close();
  });

  it('are counted when their client leaves', async () => {
    const { places, engine } = await serve('node', app);
    const client = await RawConnection.open(places[0] ?? 0);
    for (const path of ['/held', '/b', '/held/c']) client.send(path);
    await until('the requests', () => engine.figures.inFlight === 3);
    client.close();
    await until('their end', () => engine.figures.inFlight === 0);
    expect(engine.figures.requests).to.equal(3);
  });

  it('are all answered when the engine drains, the last with Connection: close (D15)', async () => {
    const { places, engine, drain } = await serve('node', app);
    const client = await RawConnection.open(places[0] ?? 0);
    let received = '';
    client.socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    for (const path of ['/held/1', '/b', '/held/2', '/held/3']) client.send(path);
    await until('the requests', () => engine.figures.inFlight === 4);
    const drained = drain({ lingerMs: 50 });
    client.send('/held/4');
    await until('the next one', () => held.has('/held/4'));
    // In the wrong order: the head of the last one is written first.
    for (const path of ['/held/4', '/held/3', '/held/1', '/held/2']) held.get(path)?.end(path);
    const paths = ['/held/1', '/b', '/held/2', '/held/3', '/held/4'];
    expect(handled).to.deep.equal(paths);
    await client.ended();
    const answers = received.split(/(?=HTTP\/1\.1 )/);
    expect(answers.map((answer) => /[^\n]*$/.exec(answer)?.[0])).to.deep.equal(paths);
    const closing = answers.map((answer) => /\r\nConnection: close\r\n/.test(answer));
    expect(closing).to.deep.equal([false, false, false, false, true]);
    expect(await client.ended()).to.equal('FIN');
    expect(await drained).to.equal(0);
  });

  it('do not reach the app after a response that announces the end', async () => {
    const { places, engine, drain } = await serve('node', app);
    const client = await RawConnection.open(places[0] ?? 0);
    client.send('/held');
    await until('the request', () => engine.figures.inFlight === 1);
    const drained = drain({ lingerMs: 50 });
    held.get('/held')?.write('begun ');
    await until('its head', () => client.answering);
    const before = socket?.bytesRead ?? 0;
    client.send('/late');
    await until('it to be read', () => (socket?.bytesRead ?? 0) > before);
    held.get('/held')?.end('done');
    expect(await client.answer()).to.include({ body: 'begun done', closing: true });
    expect(await client.ended()).to.equal('FIN');
    expect(await drained).to.equal(0);
    expect(handled).to.deep.equal(['/held']);
    expect(engine.figures).to.include({ requests: 1, inFlight: 0 });
  });
});
