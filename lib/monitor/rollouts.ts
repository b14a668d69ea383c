// The rollout that is wanted or under way: a refork or a phased restart, which differ in where the
// next mold comes from and in nothing else. No I/O. Invariant: at most one attempt at a time;
// whoever asks meanwhile gets one more after it, however often it was asked.
import type { Child } from './child.js';

export type RolloutKind = 'refork' | 'phased restart';

/** New code goes first: a refork of the old would be in vain. */
const inOrder = ['phased restart', 'refork'] as const satisfies RolloutKind[];

/** That a rollout is wanted, with what was tried for it so far. */
export interface Wish {
  readonly kind: RolloutKind;
  readonly reason: string;
  /** Workers that were candidates. */
  readonly tried: Set<number>;
  notBefore: number;
}

/** One try with one candidate: a worker to be promoted, or a process that boots the code. */
export interface Attempt {
  readonly wish: Wish;
  /** null in single mode, where nothing but the canary is booted. */
  readonly candidate: number | null;
  /** Of the mold that the candidate is to become. */
  readonly phase: number;
  readonly generation: number;
  readonly startedAt: number;
  /** The new code cannot be forked: its workers are booted afresh, each. */
  unforkable: Unforkable | null;
  canary: number | null;
  /** When the first canary began to serve. */
  canarySince: number | null;
  /** The canary stayed healthy: what follows is the rollout. */
  proven: boolean;
  /** Set by whatever went wrong first; the plan then abandons the attempt. */
  failure: string | null;
}

/** What an attempt is to bring. */
export type Next = Pick<Attempt, 'phase' | 'generation'> & Partial<Pick<Attempt, 'unforkable'>>;

/** Why the code of a phase cannot be forked; the generation is that of the refused process. */
export interface Unforkable {
  readonly reason: string;
  readonly generation: number;
}

export const singleMode: Unforkable = {
  reason: 'is not forked in single mode (workers: 0)',
  generation: 0,
};

const longestBackoffMs = 10 * 60_000;

/** Workers tried for one wish before it is given up. */
export const maxCandidates = 3;

export class Rollouts {
  attempt: Attempt | null = null;
  lastError: string | null = null;
  /** No automatic refork before this. */
  calmUntil = 0;
  readonly #wishes = new Map<RolloutKind, Wish>();
  /** Asked for while an attempt was under way, with the reason of the first who asked. */
  readonly #again = new Map<RolloutKind, string>();
  /** Failed attempts in a row: each doubles the back-off. */
  #failures = 0;
  readonly #backoffMs: number;

  constructor(backoffMs: number) {
    this.#backoffMs = backoffMs;
  }

  /** The next one. */
  get wish(): Wish | null {
    const [kind] = inOrder.filter((wanted) => this.#wishes.has(wanted));
    return (kind && this.#wishes.get(kind)) ?? null;
  }

  /** The one of that kind, a new one if there is none. */
  wishOf(kind: RolloutKind, reason: string, now: number): Wish {
    return this.#wishes.get(kind) ?? { kind, reason, tried: new Set(), notBefore: now };
  }

  serves(child: Child, now: number): void {
    if (this.attempt?.canary === child.id) this.attempt.canarySince ??= now;
  }

  /**
   * A worker leaves in good order, because the app or the plan wants it to: that says nothing about
   * a mold. Another canary goes on with the trial, another candidate with the wish, at once.
   */
  leaves(child: Child, now: number): void {
    const { attempt } = this;
    if (!attempt || attempt.failure !== null || child.role !== 'worker') return;
    if (attempt.canary === child.id) attempt.canary = null;
    if (!this.isCandidate(child)) return;
    const { wish } = attempt;
    wish.tried.delete(child.id);
    wish.notBefore = now;
    this.#wishes.set(wish.kind, wish);
    this.attempt = null;
    this.#nextWishes(now, wish.kind);
  }

  isCandidate(child: Child): boolean {
    return this.attempt?.candidate === child.id;
  }

  /** What went wrong with a child is the attempt's failure if it is the candidate or the canary. */
  failIfInvolved(child: Child, reason: string): void {
    const attempt = this.attempt;
    if (!attempt || attempt.failure !== null) return;
    const what = this.isCandidate(child)
      ? child.role === 'mold'
        ? 'the new mold'
        : 'the candidate'
      : child.id === attempt.canary && !attempt.proven
        ? 'the canary'
        : null;
    // A process that was refused has no further part in it.
    if (what && !(this.isCandidate(child) && attempt.unforkable))
      attempt.failure = `${what}: ${reason}`;
  }

  /**
   * Someone wants a rollout. An operator's wish ends a back-off; a wish during an attempt is kept
   * for after it.
   */
  want(kind: RolloutKind, reason: string, now: number): void {
    const wish = this.#wishes.get(kind);
    if (this.attempt) {
      if (!this.#again.has(kind)) this.#again.set(kind, reason);
    } else if (wish) {
      wish.notBefore = now;
      wish.tried.clear();
    } else this.#wishes.set(kind, this.wishOf(kind, reason, now));
  }

  begin(wish: Wish, candidate: Child | null, next: Next, now: number): void {
    if (candidate) wish.tried.add(candidate.id);
    this.#wishes.delete(wish.kind);
    this.attempt = {
      wish,
      candidate: candidate?.id ?? null,
      unforkable: null,
      ...next,
      startedAt: now,
      canary: null,
      canarySince: null,
      proven: false,
      failure: null,
    };
  }

  /** The attempt is over. Returns whether its wish lives on with another candidate. */
  end(failure: string | null, now: number): { retry: boolean } {
    const attempt = this.attempt;
    this.attempt = null;
    this.lastError = failure;
    if (!attempt) return { retry: false };
    const { wish } = attempt;
    const retry = failure !== null && wish.kind === 'refork' && wish.tried.size < maxCandidates;
    this.#failures = failure === null ? 0 : this.#failures + 1;
    if (failure !== null) this.calmUntil = now + this.#backoff();
    if (retry) {
      wish.notBefore = this.calmUntil;
      this.#wishes.set(wish.kind, wish);
    }
    this.#nextWishes(now, retry ? wish.kind : null);
    return { retry };
  }

  /** No candidate is left for the wish. */
  drop(wish: Wish, reason: string, now: number): void {
    this.lastError = reason;
    this.calmUntil = now + this.#backoff();
    this.#wishes.delete(wish.kind);
    this.#nextWishes(now, null);
  }

  /** Nothing is wanted any more. */
  clear(): void {
    this.attempt = null;
    this.#wishes.clear();
    this.#again.clear();
  }

  #backoff(): number {
    return Math.min(longestBackoffMs, this.#backoffMs * 2 ** Math.max(0, this.#failures - 1));
  }

  /** Those who asked during an attempt wait until its own wish is fulfilled or given up. */
  #nextWishes(now: number, waiting: RolloutKind | null): void {
    for (const [kind, reason] of [...this.#again])
      if (kind !== waiting) {
        this.#again.delete(kind);
        this.want(kind, reason, now);
      }
  }
}
