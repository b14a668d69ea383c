// Writes lines to standard output or a log file without ever blocking on it. Invariant: the queue
// is bounded, and each line is either written or counted as dropped. Nothing goes through libuv's
// thread pool: a write that hangs there would also hang the exit of the process, which joins the
// pool.
import type { Write } from './outlet.js';

/** About 4,000 lines: a pause of the reader that costs no line. */
const maxWaitingBytes = 1024 * 1024;
const retryMs = 50;
/** Time limit of `flush`. */
const flushMs = 250;
const flushPauseMs = 5;
const newline = Buffer.from('\n');
const nothing = Buffer.alloc(0);

export class LineWriter {
  readonly #write: Write;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #retry: NodeJS.Timeout | undefined;
  /** The first queued line is partly written. */
  #begun = false;
  /** The last output was the beginning of a line, which was then given up. */
  #torn = false;
  #dropped = 0;

  constructor(write: Write) {
    this.#write = write;
  }

  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > maxWaitingBytes) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#retry === undefined) this.#drain();
  }

  /** Writes the queue before it returns, if that is possible within the time limit. */
  flush(): void {
    const deadline = performance.now() + flushMs;
    while (!this.#drain() && performance.now() < deadline) pause(flushPauseMs);
  }

  /** False if there is no room; the rest is then retried later. */
  #drain(): boolean {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    for (let line = this.#waiting[0]; line !== undefined; line = this.#waiting[0]) {
      const rest = this.#writeLine(line);
      this.#waitingBytes -= line.length - rest.length;
      if (rest.length > 0) {
        this.#waiting[0] = rest;
        this.#retry = setTimeout(() => this.#drain(), retryMs).unref();
        return false;
      }
      this.#waiting.shift();
    }
    return true;
  }

  /**
   * Returns the unwritten rest of the line. A line that fails (a full disk, no reader) is given up:
   * the next may succeed.
   */
  #writeLine(line: Buffer): Buffer {
    let rest = line;
    try {
      if (this.#torn && this.#write(newline) === 0) return rest;
      this.#torn = false;
      while (rest.length > 0) {
        const written = this.#write(rest);
        if (written === 0) return rest;
        rest = rest.subarray(written);
        this.#begun = rest.length > 0;
      }
    } catch {
      this.#dropped++;
      this.#torn ||= this.#begun;
      this.#begun = false;
    }
    return nothing;
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
