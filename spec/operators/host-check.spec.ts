// Goal: a page of another origin cannot read from a listener on loopback, and nothing else is
// turned away. Method: Host headers as browsers and probes send them, on each kind of listener.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { hostCheck } from '../../lib/operators/host-check.js';

describe('hostCheck', () => {
  let server: Server;
  afterEach(() => server.close());

  /** Whether each of these hosts is served; a null sends no header at all. */
  async function served(address: string, hosts: readonly (string | null)[]): Promise<unknown[]> {
    server = createServer((request, response) => {
      response.end(String(isForUs(request)));
    });
    const isForUs = hostCheck(server, 'Metrics.Example');
    server.listen(0, address);
    await once(server, 'listening');
    const where = server.address();
    const port = where !== null && typeof where === 'object' ? where.port : 0;
    return Promise.all(
      hosts.map(async (host) => {
        const socket = connect(port, address === '0.0.0.0' ? '127.0.0.1' : address);
        const line = host === null ? '' : `Host: ${host}\r\n`;
        socket.write(`GET / HTTP/1.0\r\n${line}\r\n`);
        return [host, (await text(socket)).endsWith('true')];
      }),
    );
  }

  const own = [
    ...['localhost', 'LOCALHOST:9394', '127.0.0.1', '127.0.0.1:9394', '127.9.9.9', '[::1]:80'],
    ...['metrics.example', 'metrics.example:9394', '', null],
  ];
  const foreign = [
    ...['evil.example', 'evil.example:9394', 'localhost.evil.example', '127.0.0.1.evil.example'],
    ...['0.0.0.0', '192.168.0.1', 'evil.example@localhost', 'localhost:80:80', 'localhost/', '['],
  ];

  for (const address of ['127.0.0.1', '::1'])
    it(`turns away foreign names on ${address}`, async () => {
      expect(await served(address, own)).to.deep.equal(own.map((host) => [host, true]));
      server.close();
      expect(await served(address, foreign)).to.deep.equal(foreign.map((host) => [host, false]));
    });

  it('takes any name where other machines connect too', async () => {
    const hosts = [...own, ...foreign];
    expect(await served('0.0.0.0', hosts)).to.deep.equal(hosts.map((host) => [host, true]));
  });
});
