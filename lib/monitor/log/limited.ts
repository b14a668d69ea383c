// Log lines that strangers can cause. The first of a kind are written at once; the rest of a burst
// becomes one line with their number, so that a flood neither fills the disk nor hides other lines.
import type { Log } from './log.js';

const maxLines = 5;

interface Kind {
  /** In this interval. */
  lines: number;
  /** Of those without a line of their own. */
  lastFields: object;
  timer: NodeJS.Timeout;
}

export class LimitedLog {
  readonly #log: Pick<Log, 'warn'>;
  readonly #intervalMs: number;
  readonly #kinds = new Map<string, Kind>();

  constructor(log: Pick<Log, 'warn'>, intervalMs = 10_000) {
    this.#log = log;
    this.#intervalMs = intervalMs;
  }

  /** `text` is the kind. */
  warn(fields: object, text: string): void {
    const kind = this.#kinds.get(text) ?? this.#begin(text);
    kind.lines++;
    kind.lastFields = fields;
    if (kind.lines <= maxLines) this.#log.warn(fields, text);
  }

  /** Writes what is still to be counted. */
  flush(): void {
    for (const [text, kind] of this.#kinds) {
      clearTimeout(kind.timer);
      this.#end(text, kind);
    }
  }

  #begin(text: string): Kind {
    const timer = setTimeout(() => {
      if (this.#end(text, kind)) this.#continue(text);
    }, this.#intervalMs).unref();
    const kind: Kind = { lines: 0, lastFields: {}, timer };
    this.#kinds.set(text, kind);
    return kind;
  }

  /** While a flood lasts, only its counts are written. */
  #continue(text: string): void {
    this.#begin(text).lines = maxLines;
  }

  /** Returns whether the flood goes on. */
  #end(text: string, { lines, lastFields }: Kind): boolean {
    this.#kinds.delete(text);
    const suppressed = lines - maxLines;
    if (suppressed > 0) this.#log.warn({ ...lastFields, suppressed }, text);
    return suppressed > maxLines;
  }
}
