// Splits a stream of bytes into lines. A line longer than its limit is never buffered: its limit
// depends on its first bytes, and decides between the end of the stream and the loss of the line.

/** The peer does not keep to the protocol; the message is the rule that it broke. */
export class Breach extends Error {}

export interface LineLimit {
  readonly bytes: number;
  /** For a line beyond the limit: skip it, or throw a Breach. */
  readonly beyond: 'skip' | 'breach';
}

export interface LinesOptions {
  /** Called with the first bytes of a line. */
  readonly limitOf: (start: Buffer) => LineLimit;
  /** The number of bytes that it needs; a shorter line is within any limit. */
  readonly startBytes: number;
}

/** Room for the beginning of a line. */
const leastBytes = 1024;
const newline = 10;

export class Lines {
  readonly #options: LinesOptions;
  #buffer = Buffer.alloc(0);
  #length = 0;
  #limit: LineLimit | null = null;
  #skipping: boolean;
  #skipped = 0;

  /** `skipping`: the stream begins within a line to be skipped. */
  constructor(options: LinesOptions, skipping = false) {
    this.#options = options;
    this.#skipping = skipping;
  }

  /** The line whose end has not arrived yet is skipped. */
  get skipping(): boolean {
    return this.#skipping;
  }

  /** The beginning of a line whose end has not arrived yet. */
  get rest(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** The number of lines skipped since the last call. */
  takeSkipped(): number {
    const skipped = this.#skipped;
    this.#skipped = 0;
    return skipped;
  }

  /** The complete lines, without their ends. Throws a Breach. */
  *push(data: Buffer): Generator<string, void, undefined> {
    let start = 0;
    for (let end; (end = data.indexOf(newline, start)) >= 0; start = end + 1) {
      this.#append(data.subarray(start, end));
      const line = this.#skipping ? null : this.#buffer.toString('utf8', 0, this.#length);
      if (this.#skipping) this.#skipped++;
      this.#begin();
      if (line !== null) yield line;
    }
    this.#append(data.subarray(start));
  }

  #begin(): void {
    this.#length = 0;
    this.#limit = null;
    this.#skipping = false;
    // A long line is the exception: its room is not kept.
    if (this.#buffer.length > 64 * leastBytes) this.#buffer = Buffer.alloc(0);
  }

  #append(part: Buffer): void {
    if (this.#skipping || part.length === 0) return;
    const length = this.#length + part.length;
    const limit = this.#limitWith(part);
    if (limit && length > limit.bytes) {
      if (limit.beyond === 'breach')
        throw new Breach(`a message of more than ${limit.bytes} bytes`);
      this.#skipping = true;
      this.#buffer = Buffer.alloc(0);
      this.#length = 0;
      return;
    }
    this.#reserve(length);
    part.copy(this.#buffer, this.#length);
    this.#length = length;
  }

  /** Null until the line is long enough to be recognised. */
  #limitWith(part: Buffer): LineLimit | null {
    if (this.#limit) return this.#limit;
    const { startBytes, limitOf } = this.#options;
    const known = this.rest;
    if (known.length + part.length < startBytes) return null;
    const start = Buffer.concat([known, part.subarray(0, startBytes)]).subarray(0, startBytes);
    return (this.#limit = limitOf(start));
  }

  #reserve(length: number): void {
    if (length <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(leastBytes, length, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
