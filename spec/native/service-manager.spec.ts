// Goal: datagrams reach a path and an abstract name whole, and failures throw an errno at once.
// Method: a receiver in Python, and descriptors of every kind.
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { native } from '../../lib/system/native.js';
import { NotifySocket } from '../support/notify-socket.js';
import { scratch } from '../support/scratch.js';
import { until } from '../support/until.js';
import { refusal } from './refusal.js';

describe('notify', () => {
  const directory = scratch();

  for (const kind of ['a path', 'an abstract name'])
    it(`reaches ${kind}`, async () => {
      const name =
        kind === 'a path' ? join(directory.path, 'n.sock') : `@pitchfork-native-${process.pid}`;
      const socket = await NotifySocket.open(name);
      try {
        native.notify(name, 'READY=1\nSTATUS=größer');
        native.notify(name, 'STOPPING=1');
        await until('both', () => socket.received.length === 2);
        expect(socket.received.map(({ text }) => text)).to.deep.equal([
          'READY=1\nSTATUS=größer',
          'STOPPING=1',
        ]);
      } finally {
        await socket.close();
      }
      expect(refusal(() => native.notify(name, 'x'))?.code).to.equal('ECONNREFUSED');
    });

  it('does not wait for a receiver that does not read', async () => {
    const socket = await NotifySocket.open(join(directory.path, 'n.sock'));
    try {
      socket.process.kill('SIGSTOP');
      const fill = (): void => {
        for (let count = 0; count < 100_000; count++) native.notify(socket.name, 'x');
      };
      expect(refusal(fill)?.code).to.equal('EAGAIN');
    } finally {
      await socket.close();
    }
  });

  it('refuses an invalid address', () => {
    expect(refusal(() => native.notify('/none', 'x'))?.message).to.equal(
      'ENOENT: notify /none: No such file or directory',
    );
    expect(refusal(() => native.notify('x'.repeat(200), 'x'))?.code).to.equal('ENAMETOOLONG');
    expect(refusal(() => native.notify('', 'x'))?.code).to.equal('EINVAL');
  });
});

describe('adoptListener', () => {
  const directory = scratch();
  const open: number[] = [];
  const kept = (fd: number): number => (open.push(fd), fd);
  afterEach(() => {
    for (const fd of open.splice(0)) native.closeDescriptor(fd);
  });

  it('reports the address of a listening socket', () => {
    const tcp = { port: 0, backlog: 1, reusePort: false };
    const v4 = kept(native.listenTcp({ ...tcp, address: '127.0.0.1', ipv6Only: false }));
    const v6 = kept(native.listenTcp({ ...tcp, address: '::1', ipv6Only: true }));
    const path = join(directory.path, 'a.sock');
    const unix = kept(native.listenUnix({ path, backlog: 1, mode: 0o600 }));
    expect([v4, v6, unix].map((fd) => native.adoptListener(fd))).to.deep.equal([
      { kind: 'tcp', name: '127.0.0.1', port: native.boundPort(v4), ipv6Only: false },
      { kind: 'tcp', name: '::1', port: native.boundPort(v6), ipv6Only: true },
      { kind: 'unix', name: path, port: 0, ipv6Only: false },
    ]);
  });

  it('refuses other descriptors', () => {
    const [one, other] = native.socketPair();
    kept(other);
    for (const fd of [kept(one), kept(openSync('/dev/null', 'r'))])
      expect(refusal(() => native.adoptListener(fd))?.message).to.equal(
        `EINVAL: adopt descriptor ${fd}: it is not a listening stream socket`,
      );
    expect(refusal(() => native.adoptListener(99_999))?.code).to.equal('EBADF');
  });
});
