// Limits the pace of starts: a crash loop slows down. Workers and the service worker are counted
// apart, so that a fault of one delays neither the other nor the end of the server. Also remembers
// the recent deaths of workers, as the reason why a slot is down and the evidence against new code.
import type { Child } from './child.js';

const halfLifeMs = 5_000;
/** Simultaneous deaths that cause no pause. */
const free = 5;
const longestPauseMs = 10_000;

/** Another mold would be refused as well: the one that could not fork is not to blame. */
export const refusedByKernel = /\b(EAGAIN|ENOMEM)\b|\bE[MN]FILE: socketpair\b/;

/** Plain data, for the next program of a hot restart. */
export interface StartBackoffRecord {
  readonly failures: number;
  readonly lastError: string | null;
  /** Milliseconds, counted from the hand-over. */
  readonly notBeforeIn: number;
}

/** A worker that died unasked, or could not be started. */
export interface Death {
  readonly slot: number;
  readonly phase: number;
  readonly at: number;
  /** One line. */
  readonly reason: string;
}

/** A crash loop of any size is bounded by this; older deaths are forgotten. */
const most = 2_048;

export class RecentDeaths {
  #all: Death[] = [];

  /** Only of a worker: a mold has no slot, and the service worker serves no clients. */
  add({ role, slot, phase }: Child, reason: string, at: number): void {
    if (role !== 'worker' || slot === null) return;
    this.#all.push({ slot, phase, at, reason });
    if (this.#all.length > most) this.#all = this.#all.slice(-most / 2);
  }

  /** From `since` on, the oldest first. */
  since(since: number): readonly Death[] {
    return this.#all.filter(({ at }) => at >= since);
  }
}

export class StartBackoff {
  #failures = 0;
  #lastError: string | null = null;
  #notBefore = 0;
  /** Recent deaths; decays by half every `halfLifeMs`. */
  #deaths = 0;
  #lastDeath = 0;
  /** The pause that the log has. */
  #announced = 0;
  readonly deaths = new RecentDeaths();

  /** Consecutive failed starts, before any success. */
  get failures(): number {
    return this.#failures;
  }

  /** The reason of the last failed start. */
  get lastError(): string | null {
    return this.#lastError;
  }

  /** The earliest time of the next start. */
  get notBefore(): number {
    return this.#notBefore;
  }

  /** A pause that the log does not have yet. */
  get isNews(): boolean {
    return this.#announced !== this.#notBefore;
  }

  announced(): void {
    this.#announced = this.#notBefore;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** Other code is started from now on: the faults of this one do not delay it. */
  forgive(): void {
    this.#failures = this.#deaths = this.#notBefore = 0;
  }

  /** Doubles the pause. */
  failed(reason: string, now: number, child?: Child): void {
    if (child) this.deaths.add(child, reason, now);
    this.#failures++;
    this.#lastError = reason;
    this.#notBefore = now + Math.min(longestPauseMs, 100 * 2 ** Math.min(this.#failures, 10));
  }

  /** A process that had started ended unasked. A few deaths cause no pause, more of them do. */
  died(now: number, child?: Child): void {
    // A kill has been recorded with its reason, unless the worker was on its way out.
    if (child?.state === 'serving') this.deaths.add(child, child.reason ?? 'died', now);
    this.#deaths = this.#deaths * 0.5 ** ((now - this.#lastDeath) / halfLifeMs) + 1;
    this.#lastDeath = now;
    const excess = Math.max(0, Math.ceil(this.#deaths) - free);
    const pauseMs = excess === 0 ? 0 : Math.min(longestPauseMs, 100 * 2 ** excess);
    this.#notBefore = Math.max(this.#notBefore, now + pauseMs);
  }

  record(now: number): StartBackoffRecord {
    const { failures, lastError, notBefore } = this;
    return { failures, lastError, notBeforeIn: notBefore - now };
  }

  restore({ failures, lastError, notBeforeIn }: StartBackoffRecord, now: number): void {
    this.#failures = failures;
    this.#lastError = lastError;
    this.#notBefore = now + notBeforeIn;
  }
}
