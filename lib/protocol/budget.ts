// The pace at which a child may send: so much at once, and so much per second (token buckets).
// Answers to the monitor's own orders come on top.
import { Breach } from './lines.js';
import { messageBytes, snapshotBytes } from './limits.js';

interface Pace {
  /** Reports that piled up while the monitor was suspended fit in at once. */
  readonly burst: number;
  readonly perSecond: number;
}

/** Heartbeats are at most 100 per second, and usually 2. */
const messagePace: Pace = { burst: 2_000, perSecond: 250 };
const bytePace: Pace = { burst: 2 * messageBytes + snapshotBytes, perSecond: 256 * 1024 };
/** Of messages that become lines of the log. */
const notePace: Pace = { burst: 500, perSecond: 50 };
/** Credit for answers never exceeds so many bursts: a child that owes more is not read for all. */
const mostBursts = 3;

class Bucket {
  readonly #pace: Pace;
  readonly #what: string;
  #left: number;
  #at: number;

  constructor(what: string, pace: Pace, now: number) {
    this.#what = what;
    this.#pace = pace;
    this.#left = pace.burst;
    this.#at = now;
  }

  add(amount: number): void {
    this.#left = Math.min(mostBursts * this.#pace.burst, this.#left + amount);
  }

  /** Throws a Breach if that is more than is left. */
  take(amount: number, now: number): void {
    const { burst, perSecond } = this.#pace;
    const refill = Math.min(burst - this.#left, (perSecond * (now - this.#at)) / 1000);
    this.#left += Math.max(0, refill) - amount;
    this.#at = now;
    if (this.#left < 0) throw new Breach(`more than ${perSecond} ${this.#what} a second`);
  }
}

export class Budget {
  readonly #messages: Bucket;
  readonly #bytes: Bucket;
  readonly #notes: Bucket;

  constructor(now: number) {
    this.#messages = new Bucket('messages', messagePace, now);
    this.#bytes = new Bucket('bytes', bytePace, now);
    this.#notes = new Bucket('lines of the log', notePace, now);
  }

  /** An order was sent that is answered by one message of at most that many bytes. */
  expectAnswer(bytes: number): void {
    this.#messages.add(1);
    this.#bytes.add(bytes);
  }

  /** Each of these throws a Breach beyond the budget. */
  takeBytes(amount: number, now: number): void {
    this.#bytes.take(amount, now);
  }

  takeMessage(now: number): void {
    this.#messages.take(1, now);
  }

  takeNote(now: number): void {
    this.#notes.take(1, now);
  }
}
