// Goal: a process is told from an ended one and from a later one of the same pid. Method: this
// process, a child of it with parentheses in its name, and one that ended unreaped.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { expect } from 'chai';
import { processStat } from '../../../lib/system/proc/process-stat.js';
import { until } from '../../support/until.js';

describe('processStat', () => {
  it('knows a process that runs by its start', () => {
    const stat = processStat(process.pid);
    expect(stat.hasEnded).to.equal(false);
    expect(stat.startTime).to.match(/^\d+$/);
    expect(processStat(process.pid)).to.deep.equal(stat);
  });

  it('reads past a name with spaces and parentheses', () => {
    writeFileSync('/proc/self/comm', 'a) Z (b');
    try {
      expect(processStat(process.pid).hasEnded).to.equal(false);
    } finally {
      writeFileSync('/proc/self/comm', 'node');
    }
  });

  it('knows a process that has ended and is not reaped', async () => {
    // The shell becomes `sleep`, which does not reap what the shell started. Its child ends after
    // that, when its input does: the shell itself could still reap it.
    const shell = spawn('sh', ['-c', 'cat <&3 & echo $!; exec sleep 60 3<&-'], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    });
    try {
      const pid = await new Promise<number>((resolve) =>
        shell.stdout?.once('data', (text: Buffer) => resolve(Number(text))),
      );
      await until('sleep', () => readFileSync(`/proc/${shell.pid}/comm`, 'utf8') === 'sleep\n');
      expect(processStat(pid).hasEnded).to.equal(false);
      (shell.stdio[3] as Writable).end();
      await until('the end', () => processStat(pid).hasEnded);
    } finally {
      shell.kill('SIGKILL');
    }
  });

  it('throws where there is no such process', () => {
    expect(() => processStat(2 ** 30)).to.throw(/ENOENT/);
  });
});
