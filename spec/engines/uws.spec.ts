// Goal: the engine copes with the peculiarities of uWebSockets.js: all ways to end a response, and
// WebSockets. Method: a route for each, raw connections.
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import type {
  UwsModule,
  UwsHandler,
  UwsResponse,
  UwsTemplatedApp,
} from '../../lib/engines/uws-module.js';
import type { App } from '../../lib/api/app-types.js';
import { hasUws, serve, stopEngines, type Served } from '../support/engines.js';
import { ask, RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

type Register = (app: UwsTemplatedApp, uws: UwsModule) => void;

function uwsApp(register: Register): App {
  return {
    kind: 'uws',
    register: (app, { uws }) => register(app as unknown as UwsTemplatedApp, uws as UwsModule),
  };
}

const whole = Buffer.alloc(4 * 1024 * 1024, 'y');

/** A body in pieces, as uWebSockets.js's own examples send it. */
function tryWhole(response: UwsResponse): void {
  response.onAborted(() => undefined);
  const [, done] = response.tryEnd(whole, whole.length);
  if (done) return;
  response.onWritable((offset) => response.tryEnd(whole.subarray(offset), whole.length)[0]);
}

const later = (response: UwsResponse, write: () => void): void => {
  response.onAborted(() => undefined);
  setTimeout(() => response.cork(write), 20);
};

/** Each ends its response in another way; the value is the body expected. */
const endings: Record<string, [UwsHandler, string]> = {
  '/end': [(response) => response.end('body'), 'body'],
  '/end-later': [(response) => later(response, () => response.end('body')), 'body'],
  '/headers': [
    (response) => response.writeStatus('200 OK').writeHeader('X-Own', '1').end('body'),
    'body',
  ],
  '/write': [
    (response) => {
      response.write('bo');
      response.write('dy');
      response.end();
    },
    'body',
  ],
  '/write-later': [
    (response) => {
      response.onAborted(() => undefined);
      response.write('bo');
      setTimeout(() => response.cork(() => response.end('dy')), 20);
    },
    'body',
  ],
  '/try-end': [(response) => response.tryEnd('body', 4), 'body'],
  '/try-end-large': [tryWhole, whole.toString()],
  '/without-body': [(response) => response.writeStatus('204 No Content').endWithoutBody(), ''],
  '/cork': [(response) => response.cork(() => response.end('body')), 'body'],
  '/async': [
    // Without an abort handler uWebSockets.js would end the process.
    async (response) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      response.cork(() => response.end('body'));
    },
    'body',
  ],
};

describe('the uws engine', () => {
  before(function () {
    if (!hasUws) this.skip();
  });
  afterEach(stopEngines);

  describe('given every way to end a response', () => {
    let served: Served;
    let port: number;
    beforeEach(async () => {
      const register: Register = (app) => {
        for (const [path, [handler]] of Object.entries(endings)) app.any(path, handler);
      };
      served = await serve('uws', uwsApp(register));
      port = Number(served.places[0]);
    });

    for (const [path, [, body]] of Object.entries(endings)) {
      it(`counts ${path} once`, async () => {
        const client = await RawConnection.open(port);
        const { figures } = served.engine;
        for (const requests of [1, 2]) {
          expect((await client.ask(path)).body).to.equal(body);
          await until('the count', () => figures.requests === requests && figures.inFlight === 0);
        }
        client.close();
      });

      it(`tells the client to close after ${path} while it drains`, async () => {
        const client = await RawConnection.open(port);
        await client.ask('/end');
        const drained = served.drain({ lingerMs: 1000 });
        const answer = await client.ask(path);
        expect(answer).to.include({ body, closing: true });
        client.close();
        expect(await drained).to.equal(0);
      });
    }

    it('keeps the length and drops the body in answer to HEAD', async () => {
      const answers = await Promise.all(
        ['/end', '/try-end', '/write', '/end-later'].map((path) =>
          ask(port, path, { method: 'HEAD' }),
        ),
      );
      expect(answers.map(({ body }) => body)).to.deep.equal(['', '', '', '']);
      const lengths = answers.map(({ headers }) => headers['content-length']);
      expect(lengths).to.deep.equal(['4', '4', '0', '4']);
    });
  });

  it('counts a response that the app closed', async () => {
    const served = await serve(
      'uws',
      uwsApp((app) => app.any('/*', (res) => res.close())),
    );
    const client = await RawConnection.open(Number(served.places[0]));
    client.send('/');
    await client.ended();
    expect(served.engine.figures).to.include({ requests: 1, inFlight: 0 });
  });

  it("calls the app's abort handler, and counts the request", async () => {
    let aborted = 0;
    const register: Register = (app) =>
      app.any('/*', (response) => response.onAborted(() => aborted++));
    const served = await serve('uws', uwsApp(register));
    const client = await RawConnection.open(Number(served.places[0]));
    client.send('/');
    await until('the request', () => served.engine.figures.inFlight === 1);
    client.close();
    await until('the abort', () => aborted === 1);
    expect(served.engine.figures).to.include({ requests: 1, inFlight: 0 });
  });

  it('answers 500 to a rejected handler, and cuts a response that had begun', async () => {
    const register: Register = (app) => {
      app.any('/early', async () => Promise.reject(new Error('rejected')));
      app.any('/late', (response) => {
        response.writeStatus('200 OK');
        throw new Error('thrown late');
      });
    };
    const served = await serve('uws', uwsApp(register));
    const port = Number(served.places[0]);
    expect((await ask(port, '/early')).status).to.equal(500);
    const client = await RawConnection.open(port);
    client.send('/late');
    await client.ended();
    expect(served.engine.figures).to.include({ requests: 2, inFlight: 0 });
  });

  it('answers 200 although the handler returns { then: 1 }, which is not a promise', async () => {
    const register: Register = (app) =>
      app.any('/*', (response) => {
        later(response, () => response.end('body'));
        return { then: 1 };
      });
    const { places, engine } = await serve('uws', uwsApp(register));
    expect(await ask(places[0] ?? 0, '/')).to.include({ status: 200, body: 'body' });
    expect(engine.figures).to.include({ requests: 1, inFlight: 0 });
  });

  it('refuses an app that listens by itself', async () => {
    const register: Register = (app) => app.listen('127.0.0.1', 0, () => undefined);
    const error: unknown = await serve('uws', uwsApp(register)).catch((reason: unknown) => reason);
    expect(String(error)).to.include('cannot call app.listen() in uws(…): the server listens');
  });

  it('counts an upgrade, and closes WebSockets with 1001 when it drains (D8)', async () => {
    const upgrade: UwsHandler = (response, request, context) => {
      const key = request.getHeader('sec-websocket-key');
      response.upgrade({}, key, '', '', context);
    };
    const register: Register = (app) => app.ws('/own', { upgrade }).ws('/*', {});
    const served = await serve('uws', uwsApp(register));
    const sockets: { socket: Socket; received: () => Buffer }[] = [];
    for (const path of ['/own', '/automatic']) {
      const socket = connect(Number(served.places[0]), '127.0.0.1');
      const pieces: Buffer[] = [];
      socket.on('data', (piece) => pieces.push(Buffer.from(piece)));
      const headers =
        'Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13';
      const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
      socket.write(`GET ${path} HTTP/1.1\r\n${headers}\r\n${key}\r\n\r\n`);
      await until('the upgrade', () => Buffer.concat(pieces).includes('101 Switching'));
      sockets.push({ socket, received: () => Buffer.concat(pieces) });
    }
    expect(served.engine.figures).to.include({ requests: 1, inFlight: 0 });
    expect(await served.drain()).to.equal(0);
    for (const { socket, received } of sockets) {
      const frame = received().subarray(received().indexOf('\r\n\r\n') + 4);
      expect([frame[0], frame.readUInt16BE(2)]).to.deep.equal([0x88, 1001]);
      socket.destroy();
    }
  });
});
