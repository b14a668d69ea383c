// Goal: every worker has its own queue, no queue is lost, and no address of another server is taken
// or shared. Method: real sockets on loopback, real connections.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { UserError } from '../../../lib/base/user-error.js';
import type { Address, TcpAddress } from '../../../lib/config/settings.js';
import { openListeners, type Listeners } from '../../../lib/monitor/sockets/listeners.js';
import { native } from '../../../lib/system/native.js';
import { until } from '../../support/until.js';
import { freePort } from '../../support/free-port.js';

function tcp(part: Partial<TcpAddress> = {}): TcpAddress {
  const defaults = { host: '127.0.0.1', port: 0, backlog: 128, ipv6Only: false } as const;
  return { kind: 'tcp', queues: 'per-worker', ...defaults, ...part };
}

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

const portOf = (listeners: Listeners): number =>
  Number(/:(\d+)$/.exec(listeners.addresses()[0] ?? '')?.[1]);

const slotsOf = (workers: number): number[] => Array.from({ length: workers }, (_, slot) => slot);

/** The one-line reason of the failure. */
async function refusal(addresses: Address[], workers = 2): Promise<string> {
  try {
    (await openListeners(addresses, workers)).close();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error('the addresses were free');
}

describe('Listeners', () => {
  let listeners: Listeners | undefined;
  let before: number;
  const servers: Server[] = [];
  const sockets: Socket[] = [];

  const open = async (addresses: Address[], workers: number): Promise<Listeners> =>
    (listeners = await openListeners(addresses, workers));

  /** Accepts from a descriptor like a worker; returns the accepted connections. */
  const accept = async (fd: number): Promise<Socket[]> => {
    const accepted: Socket[] = [];
    const server = createServer((socket) => accepted.push(socket));
    servers.push(server.listen({ fd: native.duplicateDescriptor(fd) }));
    await once(server, 'listening');
    return accepted;
  };

  const dial = async (port: number, host = '127.0.0.1'): Promise<Socket> => {
    const socket = connect(port, host);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };

  beforeEach(() => {
    before = openDescriptors();
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) {
      server.close();
      await once(server, 'close').catch(() => undefined);
    }
    listeners?.close();
    listeners = undefined;
    await until('every descriptor to be closed', () => openDescriptors() <= before);
  });

  it('give each slot a queue of its own on one port, and connections spread over them', async () => {
    const opened = await open([tcp()], 3);
    const fds = slotsOf(3).map((slot) => opened.descriptorsFor(slot, 3));
    expect(fds.map((list) => list.length)).to.deep.equal([1, 1, 1]);
    expect(new Set(fds.flat()).size).to.equal(3);

    const accepted = await Promise.all(fds.flat().map(accept));
    for (let count = 0; count < 64; count++) await dial(portOf(opened));
    await until('all connections', () => accepted.flat().length === 64);
    for (const share of accepted) expect(share).not.to.be.empty;
    for (const socket of accepted.flat()) socket.destroy();
  });

  it('share one queue if configured', async () => {
    const opened = await open([tcp({ queues: 1 })], 3);
    const [first, ...others] = slotsOf(3).map((slot) => opened.descriptorsFor(slot, 3));
    expect(first).to.have.length(1);
    for (const other of others) expect(other).to.deep.equal(first);
    opened.grow(8);
    expect(opened.descriptorsFor(7, 8)).to.deep.equal(first);
  });

  it('add queues for added workers, and keep the existing ones', async () => {
    const opened = await open([tcp()], 2);
    const earlier = slotsOf(2).map((slot) => opened.descriptorsFor(slot, 2));
    opened.grow(4);
    opened.grow(1);
    expect(slotsOf(2).map((slot) => opened.descriptorsFor(slot, 4))).to.deep.equal(earlier);
    expect(slotsOf(4).flatMap((slot) => opened.descriptorsFor(slot, 4))).to.have.length(4);
    expect(native.boundPort(opened.descriptorsFor(3, 4)[0] ?? -1)).to.equal(portOf(opened));
  });

  it('hand the queues of removed workers to those that remain', async () => {
    const opened = await open([tcp()], 4);
    const all = slotsOf(4).flatMap((slot) => opened.descriptorsFor(slot, 4));
    expect(opened.descriptorsFor(0, 1).sort()).to.deep.equal(all.sort());
    expect(opened.descriptorsFor(3, 3)).to.deep.equal([]);
  });

  it('keep connections waiting while no worker accepts', async () => {
    const opened = await open([tcp()], 1);
    await dial(portOf(opened));
    const [fd = -1] = opened.descriptorsFor(0, 1);
    const accepted = await accept(fd);
    await until('the connection', () => accepted.length === 1);
    accepted[0]?.destroy();
  });

  it('bind every address of a name, on one port', async () => {
    const opened = await open([tcp({ host: 'localhost' })], 2);
    const port = portOf(opened);
    for (const address of opened.addresses())
      expect([`http://127.0.0.1:${port}`, `http://[::1]:${port}`]).to.include(address);
    expect(opened.descriptorsFor(0, 2)).to.have.length(opened.addresses().length);
  });

  it('listen on IPv6', async () => {
    const opened = await open([tcp({ host: '::1' })], 1);
    expect(opened.addresses()).to.deep.equal([`http://[::1]:${portOf(opened)}`]);
    await dial(portOf(opened), '::1');
  });

  it('refuse a port on which any other server listens', async () => {
    const server = createServer();
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    for (const queues of ['per-worker', 1] as const)
      expect(await refusal([tcp({ port, queues })])).to.equal(
        `cannot listen on 127.0.0.1:${port}: EADDRINUSE: another process listens there`,
      );
  });

  it('refuse a port whose queues another instance of the same user would share', async () => {
    const opened = await open([tcp()], 2);
    const port = portOf(opened);
    expect(await refusal([tcp({ port })])).to.include('EADDRINUSE');
    await dial(port);
  });

  it('give the reason when an address cannot be opened', async () => {
    expect(await refusal([tcp({ host: '192.0.2.1', port: 8080 })])).to.equal(
      'cannot listen on 192.0.2.1:8080: EADDRNOTAVAIL: this machine does not have that address',
    );
    expect(await refusal([tcp({ host: 'no-such-name.invalid', port: 8080 })])).to.match(
      /^cannot listen on no-such-name\.invalid:8080: E\w+: the name has no address$/,
    );
  });

  it('leave nothing open when one of several addresses cannot be opened', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'pitchfork-')), 'app.sock');
    await refusal([
      tcp(),
      { kind: 'unix', path, backlog: 16, mode: 0o600 },
      tcp({ host: '192.0.2.1', port: 8080 }),
    ]);
    expect(openDescriptors()).to.equal(before);
    expect(existsSync(path)).to.be.false;
    rmSync(join(path, '..'), { recursive: true });
  });

  it('listen on a unix path with the requested mode, and remove it at the end', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'pitchfork-')), 'app.sock');
    const opened = await open([{ kind: 'unix', path, backlog: 16, mode: 0o660 }], 2);
    expect(opened.addresses()).to.deep.equal([`unix:${path}`]);
    expect(statSync(path).mode & 0o777).to.equal(0o660);
    expect(opened.descriptorsFor(0, 2)).to.deep.equal(opened.descriptorsFor(1, 2));
    expect(await refusal([{ kind: 'unix', path, backlog: 16, mode: 0o660 }])).to.equal(
      `cannot listen on ${path}: a server already listens on ${path}`,
    );
    opened.close();
    expect(existsSync(path)).to.be.false;
    rmSync(join(path, '..'), { recursive: true });
  });

  it('have exactly one winner when two instances start together (C6)', async function () {
    this.timeout(60_000);
    const program = new URL('../../../lib/monitor/sockets/listeners.js', import.meta.url).href;
    const port = freePort();
    for (let round = 0; round < 20; round++) {
      const rivals = [contender(program, port), contender(program, port)];
      // Both are loaded and wait for the signal, so that they start at the same moment.
      await Promise.all(rivals.map((rival) => once(rival, 'message')));
      const answers = rivals.map((rival) => once(rival, 'message'));
      for (const rival of rivals) rival.send('go');
      const outcomes = (await Promise.all(answers)).map(([outcome]) => String(outcome));
      for (const rival of rivals) rival.disconnect();
      await Promise.all(rivals.map((rival) => once(rival, 'exit')));
      expect(outcomes.filter((outcome) => outcome === 'won')).to.have.length(1);
      expect(outcomes.filter((outcome) => outcome.includes('EADDRINUSE'))).to.have.length(1);
    }
  });
});

function contender(program: string, port: number): ChildProcess {
  const text = `
    const { openListeners } = await import('${program}');
    process.once('message', () => openListeners(
      [{ kind: 'tcp', host: '127.0.0.1', port: ${port}, backlog: 16, queues: 'per-worker', ipv6Only: false }], 4,
    ).then(() => process.send('won'), (error) => process.send(error.message)));
    process.once('disconnect', () => process.exit());
    process.send('ready');`;
  return spawn(process.execPath, ['--input-type=module', '-e', text], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}
