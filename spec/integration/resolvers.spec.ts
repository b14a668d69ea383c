// Goal: no two workers send DNS queries with the same ids, which would let one predict those of the
// other, and inherited resolvers keep their settings. Method: an app whose resolvers have sent
// queries before the fork, and a name server of the spec that notes the id of each query.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { supportedNodes } from '../support/nodes.js';
import { Server } from '../support/server.js';

const app = (port: number) => ({
  text: `
import dns from 'node:dns';
const own = new dns.Resolver({ timeout: 2000, tries: 2 });
own.setServers(['127.0.0.1:${port}']);
own.setLocalAddress('127.0.0.2');
dns.setServers(['127.0.0.1:${port}']);
const { resolve4: later } = dns;
const ask = (resolve, name) => new Promise((done) => resolve(name, (error) => done(error?.code)));
const all = async (id) => [
  await ask(own.resolve4.bind(own), 'own' + id + '.test'),
  await ask(later, 'default' + id + '.test'),
];
await all(0);
export default async ({ url }, response) =>
  response.end(JSON.stringify({ pid: process.pid, ...(url !== '/' && { codes: await all(process.pid) }) }));
`,
});

interface Query {
  readonly id: number;
  readonly name: string;
  readonly from: string;
}

/** Answers NXDOMAIN. */
async function nameServer(queries: Query[]): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const length = query[12] ?? 0;
    const name = query.toString('latin1', 13, 13 + length);
    queries.push({ id: query.readUInt16BE(0), name, from: address });
    const answer = Buffer.from(query);
    answer[2] = 0x81;
    answer[3] = 0x83;
    socket.send(answer, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

describe('DNS resolvers from before the fork', () => {
  let server: Server | undefined;
  let socket: Socket;
  afterEach(async () => {
    socket.close();
    await server?.destroy();
  });

  for (const { version, execPath } of supportedNodes())
    it(`draw ids of their own in each worker under Node ${version}`, async () => {
      const queries: Query[] = [];
      socket = await nameServer(queries);
      server = await Server.start({
        app: app(socket.address().port),
        workers: 3,
        node: execPath,
        config: `spawnTimeout: '30s',`,
      });
      const answers = await fromEachWorker<{ codes: string[] }>(server, '/ask');
      for (const { codes } of answers.values())
        expect(codes).to.deep.equal(['ENOTFOUND', 'ENOTFOUND']);
      for (const kind of ['own', 'default']) {
        const asked = queries.filter(({ name }) => new RegExp(`^${kind}[1-9]`, 'i').test(name));
        expect(asked).to.have.length(3);
        // Two of three random ids are equal once in 20,000 times; all three, as they were, never.
        expect(new Set(asked.map(({ id }) => id)).size, kind).to.be.above(1);
        const address = kind === 'own' ? '127.0.0.2' : '127.0.0.1';
        expect(asked.map(({ from }) => from)).to.deep.equal([address, address, address]);
      }
      await server.stop();
    });
});
