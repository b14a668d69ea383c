import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { memoryOf, parseMemory } from '../../../lib/system/proc/process-memory.js';

describe('memoryOf', () => {
  it('tells the memory of a live process, in bytes', async () => {
    const memory = await memoryOf(process.pid);
    if (!memory) throw new Error('no memory of this process');
    expect(memory.rss).to.be.greaterThan(10 * 1024 * 1024);
    expect(memory.private + memory.shared).to.equal(memory.rss);
    expect(memory.pss).to.be.at.most(memory.rss).and.at.least(memory.private);
  });

  it('is undefined for a process that is gone', async () => {
    const child = spawn('true');
    await once(child, 'exit');
    expect(await memoryOf(child.pid ?? 0)).to.equal(undefined);
  });
});

describe('parseMemory', () => {
  it('adds clean and dirty pages', () => {
    const text = [
      '5581e1a00000-7ffd3b5fe000 ---p 00000000 00:00 0                          [rollup]',
      'Rss:                 100 kB',
      'Pss:                  60 kB',
      'Pss_Dirty:            10 kB',
      'Shared_Clean:         50 kB',
      'Shared_Dirty:          5 kB',
      'Private_Clean:        30 kB',
      'Private_Dirty:        15 kB',
    ].join('\n');
    const kib = 1024;
    expect(parseMemory(text)).to.deep.equal({
      rss: 100 * kib,
      pss: 60 * kib,
      private: 45 * kib,
      shared: 55 * kib,
    });
  });

  it('is undefined for a text without figures, as a zombie has', () => {
    expect(parseMemory('')).to.equal(undefined);
  });
});
