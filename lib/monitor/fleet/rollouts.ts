// The rollout that is wanted or under way: a refork or a phased restart, which differ in where the
// next mold comes from and in nothing else. No I/O. Invariant: at most one attempt at a time;
// whoever asks meanwhile gets one more after it, however often it was asked.
import type { Child } from './child.js';

export type RolloutKind = 'refork' | 'phased restart';

/** New code goes first: a refork of the old would be in vain. */
const inOrder = ['phased restart', 'refork'] as const satisfies RolloutKind[];

/** That a rollout is wanted, with what was tried for it so far. */
export interface RolloutRequest {
  readonly kind: RolloutKind;
  readonly reason: string;
  /** Workers that were candidates. */
  readonly tried: Set<number>;
  notBefore: number;
}

/** One try with one candidate: a worker to be promoted, or a process that boots the code. */
export interface Attempt {
  readonly request: RolloutRequest;
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

/** Workers tried for one request before it is given up. */
export const maxCandidates = 3;

export class Rollouts {
  attempt: Attempt | null = null;
  lastError: string | null = null;
  /** No automatic refork before this. */
  backoffUntil = 0;
  readonly #requests = new Map<RolloutKind, RolloutRequest>();
  /** Asked for while an attempt was under way, with the reason of the first who asked. */
  readonly #again = new Map<RolloutKind, string>();
  /** Failed attempts in a row: each doubles the back-off. */
  #failures = 0;
  readonly #backoffMs: number;

  constructor(backoffMs: number) {
    this.#backoffMs = backoffMs;
  }

  /** The next one. */
  get pending(): RolloutRequest | null {
    const [kind] = inOrder.filter((wanted) => this.#requests.has(wanted));
    return (kind && this.#requests.get(kind)) ?? null;
  }

  /** The one of that kind, a new one if there is none. */
  requestOf(kind: RolloutKind, reason: string, now: number): RolloutRequest {
    return this.#requests.get(kind) ?? { kind, reason, tried: new Set(), notBefore: now };
  }

  serves(child: Child, now: number): void {
    if (this.attempt?.canary === child.id) this.attempt.canarySince ??= now;
  }

  /**
   * A worker leaves in good order, because the app or the plan wants it to: that says nothing about
   * a mold. Another canary goes on with the trial, another candidate with the request, at once.
   */
  leaves(child: Child, now: number): void {
    const { attempt } = this;
    if (!attempt || attempt.failure !== null || child.role !== 'worker') return;
    if (attempt.canary === child.id) attempt.canary = null;
    if (!this.isCandidate(child)) return;
    const { request } = attempt;
    request.tried.delete(child.id);
    request.notBefore = now;
    this.#requests.set(request.kind, request);
    this.attempt = null;
    this.#nextRequests(now, request.kind);
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
   * Requests a rollout. An operator's request ends a back-off; one during an attempt is kept for
   * after it.
   */
  request(kind: RolloutKind, reason: string, now: number): void {
    const request = this.#requests.get(kind);
    if (this.attempt) {
      if (!this.#again.has(kind)) this.#again.set(kind, reason);
    } else if (request) {
      request.notBefore = now;
      request.tried.clear();
    } else this.#requests.set(kind, this.requestOf(kind, reason, now));
  }

  begin(request: RolloutRequest, candidate: Child | null, next: Next, now: number): void {
    if (candidate) request.tried.add(candidate.id);
    this.#requests.delete(request.kind);
    this.attempt = {
      request,
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

  /** The attempt is over. Returns whether its request lives on with another candidate. */
  end(failure: string | null, now: number): { retry: boolean } {
    const attempt = this.attempt;
    this.attempt = null;
    this.lastError = failure;
    if (!attempt) return { retry: false };
    const { request } = attempt;
    const retry =
      failure !== null && request.kind === 'refork' && request.tried.size < maxCandidates;
    this.#failures = failure === null ? 0 : this.#failures + 1;
    if (failure !== null) this.backoffUntil = now + this.#backoff();
    if (retry) {
      request.notBefore = this.backoffUntil;
      this.#requests.set(request.kind, request);
    }
    this.#nextRequests(now, retry ? request.kind : null);
    return { retry };
  }

  /** No candidate is left for the request. */
  drop(request: RolloutRequest, reason: string, now: number): void {
    this.lastError = reason;
    this.backoffUntil = now + this.#backoff();
    this.#requests.delete(request.kind);
    this.#nextRequests(now, null);
  }

  /** Nothing is wanted any more. */
  clear(): void {
    this.attempt = null;
    this.#requests.clear();
    this.#again.clear();
  }

  #backoff(): number {
    return Math.min(longestBackoffMs, this.#backoffMs * 2 ** Math.max(0, this.#failures - 1));
  }

  /** Those who asked during an attempt wait until its own request is fulfilled or given up. */
  #nextRequests(now: number, waiting: RolloutKind | null): void {
    for (const [kind, reason] of [...this.#again])
      if (kind !== waiting) {
        this.#again.delete(kind);
        this.request(kind, reason, now);
      }
  }
}
