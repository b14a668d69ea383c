// Goal: exactly the listening sockets of this process are found, under the names that people gave
// them. Method: real sockets of every kind, and lines of /proc/net.
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { expect } from 'chai';
import {
  listeningSockets,
  parseTcp,
  parseUnix,
  socketInodes,
} from '../../../lib/fork-safety/evidence/listening-sockets.js';
import { scratch } from '../../support/scratch.js';

const header = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid';
const line = (local: string, state: string, inode: number): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 0 0 ${inode} 1 0`;

describe('listening sockets', () => {
  const directory = scratch();
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function listen(...where: [port: number, host: string] | [path: string]): Promise<Server> {
    const server = createServer();
    servers.push(server);
    const [target, host] = where;
    server.listen(typeof target === 'string' ? { path: target } : { port: target, host });
    await once(server, 'listening');
    return server;
  }

  it('are found by port and by path, whoever else listens', async () => {
    const before = socketInodes();
    const path = `${directory.path}/app.sock`;
    await listen(path);
    const server = await listen(0, '127.0.0.1');
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? null) : null;
    expect(listeningSockets(before)).to.have.deep.members([
      { name: path, port: null },
      { name: `127.0.0.1:${port}`, port },
    ]);
    expect(listeningSockets(socketInodes())).to.deep.equal([]);
  });

  it('are neither connections nor closed ones', async () => {
    const before = socketInodes();
    const server = await listen(0, '127.0.0.1');
    const address = server.address();
    const accepted = once(server, 'connection');
    const client = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
    await accepted;
    server.close();
    expect(listeningSockets(before)).to.deep.equal([]);
    client.destroy();
  });

  it('are told by their state in /proc/net/tcp', () => {
    const text = [
      header,
      line('0100007F:0BB8', '0A', 11),
      line('0100007F:0BB8', '01', 12),
      line('00000000000000000000000000000000:1F90', '0A', 13),
      line('B80D0120000000000000000001000000:0050', '0A', 14),
    ].join('\n');
    expect(parseTcp(text)).to.deep.equal([
      { inode: '11', name: '127.0.0.1:3000', port: 3000 },
      { inode: '13', name: '[::]:8080', port: 8080 },
      { inode: '14', name: '[2001:db8::1]:80', port: 80 },
    ]);
  });

  it('are told by their flag in /proc/net/unix', () => {
    const text = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 21 /run/a b.sock
0000000000000000: 00000002 00000000 00010000 0001 01 22 @name@@@@
0000000000000000: 00000003 00000000 00000000 0001 03 23 /run/a.sock
0000000000000000: 00000002 00000000 00010000 0001 01 24`;
    expect(parseUnix(text)).to.deep.equal([
      { inode: '21', name: '/run/a b.sock', port: null },
      { inode: '22', name: '@name', port: null },
      { inode: '24', name: '(nameless)', port: null },
    ]);
  });
});
