// Goal: the descriptors of a process are counted as the kernel does. Method: this process, and a
// child with a limit of its own.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import { areExhausted, descriptorsOf } from '../../../lib/system/proc/descriptors.js';

describe('descriptorsOf', () => {
  it('counts those of this process', () => {
    const before = descriptorsOf('self')?.open ?? 0;
    // A list is itself a descriptor.
    expect(before).to.equal(readdirSync('/proc/self/fd').length - 1);
    const fds = Array.from({ length: 5 }, () => openSync('/dev/null', 'r'));
    expect(descriptorsOf(process.pid)?.open).to.equal(before + 5);
    for (const fd of fds) closeSync(fd);
  });

  it('reads the limit of another process', async () => {
    const child = spawn('sh', ['-c', 'ulimit -n 77; echo ready; exec sleep 60']);
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      expect(descriptorsOf(child.pid ?? 0)).to.include({ limit: 77 });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('knows nothing of a process that does not exist', () => {
    expect(descriptorsOf(2 ** 22)).to.equal(undefined);
  });

  it('are exhausted when the next connections take the last ones', () => {
    expect([97, 98, 100].map((open) => areExhausted({ open, limit: 100 }))).to.deep.equal([
      false,
      true,
      true,
    ]);
    expect(areExhausted({ open: 100, limit: Infinity })).to.equal(false);
  });
});
