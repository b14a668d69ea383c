// Goal: descriptors that processes may share outlive the cut of connections: stdio of every kind,
// also if reopened by the app, files, the app's own listening sockets, UDP sockets. Method: an app
// that uses one of each in every request, asked in each worker of three generations.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { wrapNode } from '../support/piped-output.js';
import { descriptors } from '../support/processes.js';
import { scratch } from '../support/scratch.js';
import { fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

const lastGeneration = 2;

/** With the descriptors' targets from /proc. */
const kinds = {
  file: /\/output\.log$/,
  'anonymous pipe': /^pipe:/,
  'named pipe': /\/output\.fifo$/,
  socket: /^socket:/,
};

const askTcp = async (port: number): Promise<number> =>
  Number(await text(connect({ port, host: '127.0.0.1' })));

/** The process that answered a datagram. */
function askUdp(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.once('message', (message) => {
      socket.close();
      resolve(Number(String(message).split(' ')[1]));
    });
    socket.send('who?', port, '127.0.0.1');
  });
}

describe('a descriptor that is not a connection', () => {
  const directory = scratch();
  let server: Server;
  afterEach(() => server.destroy());

  function start(kind: string): Promise<Server> {
    const wrapper = join(directory.path, 'node');
    return Server.start({
      app: fixtureApp('kept.mjs'),
      workers: 3,
      env: { KEPT_FILE: join(directory.path, 'kept') },
      config: `incompatibleModules: { except: ['listen()'] },`,
      ...(kind === 'named pipe' && { output: 'pipe' }),
      ...(kind === 'anonymous pipe' && { node: wrapNode(wrapper, 'pipe') }),
      ...(kind === 'socket' && { node: wrapNode(wrapper, 'socket') }),
    });
  }

  for (const [kind, link] of Object.entries(kinds))
    it(`is left alone, where stdio is: ${kind}`, async () => {
      server = await start(kind);
      expect(descriptors(server.pid).get(1)).to.match(link);
      const ports = JSON.parse(await server.get('/ports')) as { tcp: number; udp: number };
      for (let generation = 0; generation <= lastGeneration; generation++) {
        if (generation > 0) expect((await server.refork()).body).to.include({ ok: true });
        await server.settled(generation);
        const pids = [...(await fromEachWorker(server, '/')).keys()];
        for (const pid of pids)
          await until(`all that worker ${pid} wrote`, () => {
            const lines = server.text().split('\n');
            expect(lines).to.include.members([`stdout ${pid}`, `stderr ${pid}`, `again ${pid}`]);
            const file = readFileSync(join(directory.path, 'kept'), 'utf8');
            expect(file.split('\n')).to.include(`file ${pid}`);
            return true;
          });
        expect(pids, 'who answers on the app’s own socket').to.include(await askTcp(ports.tcp));
        expect(pids, 'who answers a datagram').to.include(await askUdp(ports.udp));
      }
      expect(server.log('cut connections of the app')).to.deep.equal([]);
      await server.stop();
    });
});
