// Goal: listenTcp and listenUnix give working sockets, or an errno. Method: real connections.
import { expect } from 'chai';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { native } from '../../lib/system/native.js';
import { refusal } from './refusal.js';

const local = { address: '127.0.0.1', port: 0, backlog: 8, reusePort: false, ipv6Only: false };

async function accepts(where: { port: number; host: string } | { path: string }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = createConnection(where, () => {
      socket.destroy();
      resolve();
    }).on('error', reject);
  });
}

describe('TCP listeners', () => {
  const open: number[] = [];
  const listen = (changes: Partial<typeof local> = {}) => {
    const fd = native.listenTcp({ ...local, ...changes });
    open.push(fd);
    return fd;
  };
  afterEach(() => {
    for (const fd of open.splice(0)) native.closeDescriptor(fd);
  });

  it('accept on the port that the kernel chose', async () => {
    const port = native.boundPort(listen());
    expect(port).to.be.greaterThan(1023);
    await accepts({ port, host: '127.0.0.1' });
  });

  it('accept on IPv6', async () => {
    const port = native.boundPort(listen({ address: '::1', ipv6Only: true }));
    await accepts({ port, host: '::1' });
  });

  it('share a port only when all set reusePort', () => {
    const port = native.boundPort(listen({ reusePort: true }));
    expect(native.boundPort(listen({ reusePort: true, port }))).to.equal(port);
    const error = refusal(() => native.listenTcp({ ...local, port }));
    expect(error?.code).to.equal('EADDRINUSE');
    expect(error?.message).to.equal(`EADDRINUSE: bind 127.0.0.1:${port}: Address already in use`);
  });

  it('are found by their port', () => {
    const fd = listen();
    const port = native.boundPort(fd);
    expect(native.findListener(port)).to.equal(fd);
    native.closeDescriptor(fd);
    open.pop();
    expect(refusal(() => native.findListener(port))?.message).to.equal(
      `ENOENT: find a listener on port ${port}: No such file or directory`,
    );
  });

  it('can be replaced and duplicated', async () => {
    const first = listen();
    const second = listen();
    const port = native.boundPort(first);
    native.replaceDescriptor(first, second);
    const duplicate = native.duplicateDescriptor(second);
    open.push(duplicate);
    expect(duplicate).to.be.greaterThan(2);
    expect([second, duplicate].map((fd) => native.boundPort(fd))).to.deep.equal([port, port]);
    await accepts({ port, host: '127.0.0.1' });
  });

  it('refuse invalid and foreign addresses', () => {
    const bind = (changes: object) => refusal(() => native.listenTcp({ ...local, ...changes }));
    expect(bind({ address: 'localhost' })?.message).to.equal(
      'EINVAL: listenTcp: address: expected a numeric IPv4 or IPv6 address, got "localhost"',
    );
    expect(bind({ address: '192.0.2.1' })?.code).to.equal('EADDRNOTAVAIL');
    expect(bind({ port: 65536 })?.message).to.equal(
      'EINVAL: listenTcp: port: expected an integer from 0 to 65535',
    );
    expect(bind({ backlog: 1.5 })?.code).to.equal('EINVAL');
    expect(bind({ reusePort: 1 })?.message).to.include('reusePort: expected true or false');
  });
});

describe('unix listeners', () => {
  let directory = '';
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'pitchfork-native-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('accept, and their file has the requested mode regardless of the umask', async () => {
    const before = process.umask(0o077);
    try {
      const path = join(directory, 'socket');
      const fd = native.listenUnix({ path, backlog: 8, mode: 0o660 });
      expect(statSync(path).mode & 0o777).to.equal(0o660);
      expect(process.umask()).to.equal(0o077);
      await accepts({ path });
      native.closeDescriptor(fd);
    } finally {
      process.umask(before);
    }
  });

  it('belong to another user from the start, where that is asked for by root', function () {
    if (process.getuid?.() !== 0) this.skip();
    const path = join(directory, 'socket');
    const [uid, gid] = [65_533, 65_532];
    native.closeDescriptor(native.listenUnix({ path, backlog: 8, mode: 0o660, uid, gid }));
    expect(statSync(path)).to.include({ uid, gid });
    const own = join(directory, 'own');
    native.closeDescriptor(native.listenUnix({ path: own, backlog: 8, mode: 0o600 }));
    expect(statSync(own)).to.include({ uid: process.getuid(), gid: process.getgid?.() });
  });

  it('leave an existing file alone', () => {
    const path = join(directory, 'socket');
    native.closeDescriptor(native.listenUnix({ path, backlog: 8, mode: 0o600 }));
    expect(refusal(() => native.listenUnix({ path, backlog: 8, mode: 0o600 }))?.message).to.equal(
      `EADDRINUSE: bind ${path}: Address already in use`,
    );
    expect(existsSync(path)).to.equal(true);
  });

  it('refuse invalid paths', () => {
    const bind = (path: unknown) =>
      refusal(() => native.listenUnix({ path: path as string, backlog: 8, mode: 0o600 }));
    expect(bind('/' + 'x'.repeat(108))?.code).to.equal('ENAMETOOLONG');
    expect(bind(join(directory, 'none', 'socket'))?.code).to.equal('ENOENT');
    for (const path of ['', 'with\0nul', 3, undefined]) expect(bind(path)?.code).to.equal('EINVAL');
  });
});
