// Goal: no client of an operators' server keeps others out, whatever it does or leaves undone, and
// a request in flight is not cut. Method: crowds of each kind of slow client on a real server, with
// ordinary requests among them, and the clients that the server is left with.
import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { createOperatorsServer } from '../../lib/operators/server.js';
import { ask, RawConnection } from '../support/raw-connection.js';
import { crowd, slowClients, untilLetGo } from '../support/slow-clients.js';
import { until } from '../support/until.js';

const size = 80;
const large = Buffer.alloc(4 * 1024 * 1024);

const listener: RequestListener = ({ url }, response) => {
  if (url !== '/wait') response.end(url === '/large' ? large : 'x');
};

describe('an operators’ server', () => {
  let server: Server;
  let port: number;
  let closed: number;
  const sockets: Socket[] = [];

  const open = async (sparesRequests: boolean): Promise<void> => {
    closed = 0;
    const crowded = (count: number): void => void (closed += count);
    const limits = { maxHeaderBytes: 4096, keepAliveMs: 30_000, sparesRequests, crowded };
    server = createOperatorsServer(limits, listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  };

  const clients = (): Promise<number> => promisify(server.getConnections.bind(server))();

  /** A client that sends `text` and never reads. */
  const sender = (text: string): void => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    sockets.push(socket.pause().on('error', () => undefined));
  };

  const expectAnswers = async (): Promise<void> => {
    for (let request = 0; request < 20; request++)
      expect((await ask(port, '/')).status).to.equal(200);
  };

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.closeAllConnections();
    server.close();
  });

  for (const client of slowClients)
    it(`answers beside a crowd that ${client.name}`, async () => {
      await open(false);
      const others = crowd(port, size, client);
      try {
        await until('the crowd to be there', async () => (await clients()) >= 64);
        await expectAnswers();
        await until('places to be limited', async () => (await clients()) <= 130);
      } finally {
        others.leave();
      }
    });

  for (const [name, path] of [
    ['keep idle connections', '/'],
    ['do not read large answers', '/large'],
    ['wait for answers', '/wait'],
  ] as const)
    it(`answers beside clients that ${name}`, async () => {
      await open(false);
      for (let count = 0; count < size; count++)
        sender(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      await until('some to be sent away', () => closed > 0);
      await expectAnswers();
      expect(await clients()).to.be.within(1, 66);
    });

  it('keeps requests in flight where they may wait, and answers beside them', async () => {
    await open(true);
    const waiting = await Promise.all(
      Array.from({ length: 70 }, async () => {
        const connection = await RawConnection.open(port);
        sockets.push(connection.socket);
        connection.send('/wait');
        return connection;
      }),
    );
    const silent = slowClients[0];
    const others = silent && crowd(port, 2 * size, silent);
    try {
      await until('strangers to be sent away', () => closed > 0);
      await expectAnswers();
      expect(waiting.map(({ ending }) => ending)).to.deep.equal(Array(70).fill(undefined));
    } finally {
      others?.leave();
    }
  });

  it('lets every slow client go within seconds', async function () {
    this.timeout(20_000);
    await open(false);
    sender('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await Promise.all(slowClients.map((client) => untilLetGo(port, client)));
    await until('the one that does not read to be let go', async () => (await clients()) === 0);
    expect(closed).to.equal(0);
  });

  it('keeps a bounded number of bytes for clients that do not read', async () => {
    await open(false);
    for (let count = 0; count < 30; count++)
      sender('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until('some to be sent away', () => closed >= 15);
    await expectAnswers();
    // The kernel holds a part of each answer.
    expect(await clients()).to.be.within(1, 20);
  });
});
