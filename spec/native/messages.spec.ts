// Goal: receive and send keep bytes and descriptors whole, and report every way in which the peer
// can be gone. Method: socket pairs within this process.
import { expect } from 'chai';
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { native } from '../../lib/system/native.js';
import { refusal } from './refusal.js';

function withPair(use: (left: number, right: number) => void): void {
  const [left, right] = native.socketPair();
  try {
    use(left, right);
  } finally {
    for (const fd of [left, right]) if (refusal(() => native.closeDescriptor(fd))) continue;
  }
}

const isCloseOnExec = (fd: number) =>
  (parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '', 8) &
    0o2000000) !==
  0;

describe('messages', () => {
  it('arrive as they were sent', () =>
    withPair((left, right) => {
      native.send(left, 'grüße ☃\n', []);
      const received = native.receive(right);
      expect(received?.data.toString()).to.equal('grüße ☃\n');
      expect(received?.fds).to.deep.equal([]);
    }));

  it('are bytes, so that a character split in two is whole again', () =>
    withPair((left, right) => {
      const text = Buffer.from('☃');
      writeSync(left, text.subarray(0, 1));
      const first = native.receive(right)?.data;
      writeSync(left, text.subarray(1));
      const second = native.receive(right)?.data;
      expect(Buffer.concat([first ?? text, second ?? text]).toString()).to.equal('☃');
    }));

  it('bring descriptors along, close-on-exec, in order', () =>
    withPair((left, right) => {
      const sent = Array.from({ length: 64 }, (_, index) =>
        openSync(index % 2 ? '/dev/null' : '/dev/zero', 'r'),
      );
      native.send(left, 'take these\n', sent);
      const fds = native.receive(right)?.fds ?? [];
      expect(fds.map((fd) => fstatSync(fd).rdev)).to.deep.equal(
        sent.map((fd) => fstatSync(fd).rdev),
      );
      expect(fds.every(isCloseOnExec)).to.equal(true);
      for (const fd of [...fds, ...sent]) closeSync(fd);
    }));

  it('give descriptors to the message that they were sent with', () =>
    withPair((left, right) => {
      const fd = openSync('/dev/null', 'r');
      native.send(left, 'one\n', []);
      native.send(left, 'two\n', [fd]);
      native.send(left, 'three\n', []);
      const first = native.receive(right);
      expect(first?.data.toString()).to.equal('one\ntwo\n');
      expect(first?.fds).to.have.length(1);
      expect(native.receive(right)?.data.toString()).to.equal('three\n');
      for (const open of [fd, ...(first?.fds ?? [])]) closeSync(open);
    }));

  it('are null at the end of file, after all that was sent', () =>
    withPair((left, right) => {
      native.send(left, 'last words\n', []);
      native.closeDescriptor(left);
      expect(native.receive(right)?.data.toString()).to.equal('last words\n');
      expect(native.receive(right)).to.equal(null);
    }));

  it('are null too when the peer closed without reading', () =>
    withPair((left, right) => {
      native.send(right, 'unread\n', []);
      native.closeDescriptor(left);
      expect(native.receive(right)).to.equal(null);
    }));

  it('fail after a second when only a part was sent and the peer does not read', () =>
    withPair((left, right) => {
      const error = refusal(() => native.send(left, 'x'.repeat(8 * 1024 * 1024), []));
      expect(error?.code).to.equal('ETIMEDOUT');
      expect(error?.message).to.match(/^ETIMEDOUT: send on descriptor \d+: /);
      expect(native.receive(right)?.data).to.have.length(64 * 1024);
    }));

  it('are refused with EAGAIN when nothing more fits', () =>
    withPair((left) => {
      let error;
      for (let count = 0; count < 10_000 && !error; count++)
        error = refusal(() => native.send(left, 'y'.repeat(1000), []));
      expect(error?.code).to.be.oneOf(['EAGAIN', 'ETIMEDOUT']);
      expect(refusal(() => native.send(left, 'z', []))?.code).to.equal('EAGAIN');
    }));

  it('are refused with EPIPE when the peer is gone', () =>
    withPair((left, right) => {
      native.closeDescriptor(right);
      expect(refusal(() => native.send(left, 'anybody?', []))?.message).to.equal(
        `EPIPE: send on descriptor ${left}: Broken pipe`,
      );
    }));

  it('are refused on a descriptor that is not a socket', () => {
    const fd = openSync('/dev/null', 'r');
    expect(refusal(() => native.send(fd, 'x', []))?.code).to.equal('ENOTSOCK');
    expect(refusal(() => native.receive(fd))?.code).to.equal('ENOTSOCK');
    closeSync(fd);
    expect(refusal(() => native.send(fd, 'x', []))?.code).to.equal('EBADF');
    expect(refusal(() => native.receive(fd))?.code).to.equal('EBADF');
  });

  it('with descriptors that are not open are refused and send nothing', () =>
    withPair((left, right) => {
      expect(refusal(() => native.send(left, 'x', [100_000]))?.code).to.equal('EBADF');
      native.send(left, 'fine', []);
      const buffer = Buffer.alloc(10);
      expect(buffer.toString('utf8', 0, readSync(right, buffer))).to.equal('fine');
    }));
});
