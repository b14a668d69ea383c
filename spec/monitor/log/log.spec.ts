// Goal: the log never ends or delays the process that writes it, whatever happens to its reader,
// and counts the lines that it could not write. Method: a real process with its standard output on
// a full disk, a closed or a stalled pipe; it reports on standard error.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { until } from '../../support/until.js';

const program = (body: string): string[] => [
  '--input-type=module',
  '-e',
  `import { createLog } from '${new URL('../../../lib/monitor/log/log.js', import.meta.url).href}';
   import { setTimeout as delay } from 'node:timers/promises';
   ${body}`,
];

/**
 * Logs for a second as fast as a monitor in deep trouble, and measures its own event loop and
 * memory meanwhile.
 */
const upset = `
  const log = createLog({ level: 'info', format: 'json', file: null });
  log.info({}, 'first');
  const before = process.memoryUsage.rss();
  let longest = 0;
  for (let round = 0; round < 100; round++) {
    const start = performance.now();
    for (let line = 0; line < 50; line++) log.info({ round, padding: 'x'.repeat(200) }, 'line');
    longest = Math.max(longest, performance.now() - start);
    await delay(10);
  }
  const told = { longest, grown: process.memoryUsage.rss() - before, dropped: log.dropped() };
  console.error(JSON.stringify(told));`;

interface Told {
  longest: number;
  grown: number;
  dropped: number;
}

describe('the log', () => {
  const children: ChildProcess[] = [];
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pitchfork-'));
  });

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  });

  const start = (body: string, stdout: 'pipe' | number): ChildProcess => {
    const child = spawn(process.execPath, program(body), { stdio: ['pipe', stdout, 'pipe'] });
    children.push(child);
    return child;
  };

  const toldBy = async (child: ChildProcess): Promise<Told> => {
    let told = '';
    child.stderr?.setEncoding('utf8').on('data', (part: string) => (told += part));
    await until('the report of the process', () => told.endsWith('\n'), 30_000);
    return JSON.parse(told) as Told;
  };

  const output = async (body: string): Promise<string> => {
    const child = start(body, 'pipe');
    if (!child.stdout) throw new Error('no pipe');
    return text(child.stdout);
  };

  /** A named pipe; the child gets the writing end alone. */
  const openFifo = () => {
    const path = join(directory, 'fifo');
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { path, reader, writer: openSync(path, 'w') };
  };

  const drain = (fd: number): string => {
    const chunk = Buffer.alloc(65_536);
    let all = '';
    for (;;)
      try {
        const size = readSync(fd, chunk);
        if (size === 0) return all;
        all += chunk.toString('utf8', 0, size);
      } catch {
        return all;
      }
  };

  it('is one JSON object a line, with its subject', async () => {
    const lines = await output(`
      const log = createLog({ level: 'info', format: 'json', file: null });
      const worker = { role: 'worker', slot: 1, generation: 2, phase: 0, pid: 99 };
      log.info({ workers: 2 }, 'monitor started');
      log.debug({}, 'not shown');
      log.error({ ...worker, err: new Error('no reason') }, 'worker failed');`);
    const [first, second, ...others] = lines.trimEnd().split('\n');
    expect(others).to.be.empty;
    const monitor = JSON.parse(first ?? '') as Record<string, unknown>;
    expect(monitor).to.include({
      level: 'info',
      role: 'monitor',
      workers: 2,
      msg: 'monitor started',
    });
    expect(monitor['time']).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const worker = JSON.parse(second ?? '') as Record<string, unknown>;
    expect(worker).to.include({ level: 'error', role: 'worker', slot: 1, pid: 99 });
    expect(worker['err']).to.include({ message: 'no reason' });
    expect(second?.match(/"pid"/g)).to.have.length(1);
  });

  it('is formatted for people on request, without a thread of its own', async () => {
    const lines = await output(`
      const { readdirSync } = await import('node:fs');
      const log = createLog({ level: 'info', format: 'pretty', file: null });
      const before = readdirSync('/proc/self/task').length;
      log.warn({ role: 'worker', slot: 1 }, 'worker is slow');
      log.info({ threads: readdirSync('/proc/self/task').length - before }, 'done');`);
    expect(lines).to.match(/^\[[\d:.]+\] WARN: worker is slow .*"slot":1/m);
    expect(lines).to.match(/INFO \(\d+\): done .*"threads":0/);
  });

  it('has the stack of the app below the line for people, and in a field of its own in JSON', async () => {
    const write = (format: string): Promise<string> =>
      output(`
        const log = createLog({ level: 'info', format: '${format}', file: null });
        const stack = 'at load (app.ts:3:14)\\n\\u001b[2Jat app.ts:9:1';
        log.error({ role: 'mold', reason: 'app.ts:3:14: Error: story', stack }, 'failed');`);
    const pretty = await write('pretty');
    expect(pretty).to.match(/ERROR: failed .*"reason":"app\.ts:3:14: Error: story"/);
    expect(pretty.split('\n').slice(1)).to.deep.equal([
      '    at load (app.ts:3:14)',
      '    \\u001b[2Jat app.ts:9:1',
      '',
    ]);
    expect(JSON.parse(await write('json'))).to.include({
      reason: 'app.ts:3:14: Error: story',
      stack: 'at load (app.ts:3:14)\n\u001b[2Jat app.ts:9:1',
    });
  });

  it('has no control character of others, wherever it comes from, and forges no line', async () => {
    const hostile = String.raw`\x1b]0;pwned\x07\x1b[2J\x7f\x9b31m\u202e\u2028\n[00:00:00.000] INFO: forged\r`;
    const write = (format: string): Promise<string> =>
      output(`
        const log = createLog({ level: 'info', format: '${format}', file: null });
        const text = '${hostile}';
        const err = Object.assign(new Error(text), { stack: text, code: text });
        log.error({ path: text, nested: { [text]: [text] }, err, stack: text }, text);`);
    for (const format of ['pretty', 'json']) {
      const text = await write(format);

      expect(text, format).to.match(/^[\x20-\x7e\n]+$/);
      expect(text, format).not.to.match(/^\[00:00/m);
    }
    const { path } = JSON.parse(await write('json')) as { path: string };
    expect(path).to.equal(JSON.parse(`"${hostile.replaceAll('\\x', '\\u00')}"`));
  });

  it('keeps its last lines when the process ends at once', async () => {
    const lines = await output(`
      const log = createLog({ level: 'info', format: 'json', file: null });
      for (let line = 0; line < 3000; line++) log.info({ line, padding: 'ä'.repeat(100) }, 'line');
      log.fatal({}, 'gave up');
      log.flush();
      process.exit(1);`);
    const all = lines.trimEnd().split('\n');
    expect(all).to.have.length(3001);
    for (const line of all) expect(() => JSON.parse(line) as unknown).not.to.throw();
    expect(all.at(-1)).to.include('gave up');
  });

  it('outlives a full disk', async () => {
    const full = openSync('/dev/full', 'w');
    const child = start(upset, full);
    closeSync(full);
    const exit = once(child, 'exit');
    const told = await toldBy(child);
    expect(told.dropped).to.equal(5_001);
    expect(told.longest).to.be.below(100);
    expect(await exit).to.deep.equal([0, null]);
  });

  it('outlives a reader that is gone', async () => {
    const child = start(upset, 'pipe');
    const exit = once(child, 'exit');
    child.stdout?.once('data', () => child.stdout?.destroy());
    const told = await toldBy(child);
    expect(told.dropped).to.be.greaterThan(0);
    expect(await exit).to.deep.equal([0, null]);
  });

  it('continues with whole lines for a new reader', async () => {
    const { path, reader, writer } = openFifo();
    const child = start(
      `const log = createLog({ level: 'info', format: 'json', file: null });
       for (let line = 0; ; line++) { log.info({ line, dropped: log.dropped() }, 'line'); await delay(5); }`,
      writer,
    );
    closeSync(writer);
    await until('the first line', () => drain(reader));
    closeSync(reader);
    const second = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    // Lines were dropped while the reader was stalled: wait for a later one that reports their
    // number.
    const lines = await until('lines again', () => {
      const seen = drain(second);
      return seen.includes('\n') && seen;
    });
    closeSync(second);
    child.kill('SIGKILL');
    expect(lines).to.match(/^\n?\{"level/);
  });

  for (const kind of ['pipe', 'socket'] as const)
    it(`does not wait for a reader that has stopped reading a ${kind}`, async () => {
      const fifo = kind === 'pipe' ? openFifo() : undefined;
      const child = start(
        `${upset} setInterval(() => log.info({}, 'last'), 50);`,
        fifo?.writer ?? 'pipe',
      );
      if (fifo) closeSync(fifo.writer);
      const told = await toldBy(child);
      expect(told.longest).to.be.below(100);
      expect(told.dropped).to.be.greaterThan(0);
      expect(told.grown).to.be.below(24 * 1024 * 1024);
      // File status flags shared with its children must not change.
      const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/${child.pid}/fdinfo/1`, 'utf8'))?.[1];
      if (kind === 'pipe') expect(parseInt(flags ?? '', 8) & constants.O_NONBLOCK).to.equal(0);

      let seen = '';
      child.stdout?.setEncoding('utf8').on('data', (part: string) => (seen += part));
      await until('the last line', () => {
        if (fifo) seen += drain(fifo.reader);
        return seen.includes('"last"');
      });
      if (fifo) closeSync(fifo.reader);
      const whole = seen.split('\n').slice(0, -1);
      for (const line of whole) expect(() => JSON.parse(line) as unknown).not.to.throw();
    });

  it('lets a process end although its reader has stopped reading', async () => {
    const child = start(`${upset} log.flush(); process.exit(3);`, 'pipe');
    const exit = once(child, 'exit');
    await toldBy(child);
    expect(await exit).to.deep.equal([3, null]);
  });
});
