// The refork that is wanted or under way. No I/O. Invariant: at most one attempt at a time; whoever
// asks meanwhile gets one more after it, however often it was asked.
import type { Child } from './child.js';

/** One try at promoting one worker. */
export interface Attempt {
  readonly wish: Wish;
  readonly candidate: number;
  readonly generation: number;
  readonly startedAt: number;
  canary: number | null;
  /** When the canary began to serve. */
  canarySince: number | null;
  /** Set by whatever went wrong first; the plan then abandons the attempt. */
  failure: string | null;
}

/** That a refork is wanted, with what was tried for it so far. */
export interface Wish {
  readonly reason: string;
  readonly tried: Set<number>;
  notBefore: number;
}

const longestBackoffMs = 10 * 60_000;

/** Workers tried for one wish before it is given up. */
export const maxCandidates = 3;

export class Reforking {
  attempt: Attempt | null = null;
  wish: Wish | null = null;
  /**
   * Asked for while an attempt was under way: one more when it is over, however often it was asked.
   */
  again: string | null = null;
  lastError: string | null = null;
  /** No automatic refork before this. */
  calmUntil = 0;
  /** Failed attempts in a row: each doubles the back-off. */
  #failures = 0;
  readonly #backoffMs: number;

  constructor(backoffMs: number) {
    this.#backoffMs = backoffMs;
  }

  serves(child: Child, now: number): void {
    if (this.attempt?.canary === child.id) this.attempt.canarySince = now;
  }

  /** What went wrong with a child is the attempt's failure if it is the candidate or the canary. */
  failIfInvolved(child: Child, reason: string): void {
    const attempt = this.attempt;
    if (!attempt || attempt.failure !== null) return;
    const what =
      child.id === attempt.candidate
        ? child.role === 'mold'
          ? 'the new mold'
          : 'the candidate'
        : child.id === attempt.canary
          ? 'the canary'
          : null;
    if (what) attempt.failure = `${what}: ${reason}`;
  }

  /**
   * Someone wants a refork. An operator's wish ends a back-off; a wish during an attempt is kept
   * for after it.
   */
  want(reason: string, now: number): void {
    if (this.attempt) this.again ??= reason;
    else if (this.wish) {
      this.wish.notBefore = now;
      this.wish.tried.clear();
    } else this.wish = { reason, tried: new Set(), notBefore: now };
  }

  begin(wish: Wish, candidate: Child, generation: number, now: number): Attempt {
    wish.tried.add(candidate.id);
    this.wish = null;
    this.attempt = {
      wish,
      candidate: candidate.id,
      generation,
      startedAt: now,
      canary: null,
      canarySince: null,
      failure: null,
    };
    return this.attempt;
  }

  /** The attempt is over. Returns whether its wish lives on with another candidate. */
  end(failure: string | null, now: number): { retry: boolean } {
    const attempt = this.attempt;
    this.attempt = null;
    this.lastError = failure;
    if (!attempt) return { retry: false };
    const retry = failure !== null && attempt.wish.tried.size < maxCandidates;
    this.#failures = failure === null ? 0 : this.#failures + 1;
    if (failure !== null) this.calmUntil = now + this.#backoff();
    if (retry) {
      attempt.wish.notBefore = this.calmUntil;
      this.wish = attempt.wish;
    } else this.#nextWish(now);
    return { retry };
  }

  /** No candidate is left for the wish. */
  drop(reason: string, now: number): void {
    this.lastError = reason;
    this.calmUntil = now + this.#backoff();
    this.wish = null;
    this.#nextWish(now);
  }

  #backoff(): number {
    return Math.min(longestBackoffMs, this.#backoffMs * 2 ** Math.max(0, this.#failures - 1));
  }

  #nextWish(now: number): void {
    const reason = this.again;
    this.again = null;
    if (reason !== null) this.want(reason, now);
  }
}
