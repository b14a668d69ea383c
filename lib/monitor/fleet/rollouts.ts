// The rollout that is requested or under way: a refork or a phased restart, which differ only in
// the source of the next mold. Invariant: at most one attempt at a time; any number of requests
// during an attempt leads to one more after it.
import { RolloutBackoff } from './rollout-backoff.js';
import type { Child } from './child.js';

export type RolloutKind = 'refork' | 'phased restart';

/** New code goes first: a refork of the old code would be in vain. */
const inOrder = ['phased restart', 'refork'] as const satisfies RolloutKind[];

interface RequestData {
  readonly kind: RolloutKind;
  readonly reason: string;
  /** Workers that were candidates. */
  readonly tried: Set<number>;
  /** The reasons why earlier attempts failed. */
  readonly failures: string[];
  notBefore: number;
}

/** A rollout requested by an operator or a threshold, with the candidates tried so far. */
export interface RolloutRequest extends Readonly<Omit<RequestData, 'tried' | 'failures'>> {
  readonly tried: ReadonlySet<number>;
  readonly failures: readonly string[];
}

/** The trial that a canary has passed: its length, and the requests that it has served. */
export interface Proof {
  readonly ms: number;
  readonly requests: number;
}

interface AttemptData {
  readonly request: RequestData;
  /** null in single mode, which boots nothing but the canary. */
  readonly candidate: number | null;
  /** Generation of the mold that the candidate is to become. */
  readonly phase: number;
  readonly generation: number;
  readonly startedAt: number;
  /** The new code cannot be forked: each worker is booted afresh. */
  unforkable: Unforkable | null;
  canary: number | null;
  /** The time at which the first canary began to serve. */
  canarySince: number | null;
  /** The canary stayed healthy: the other slots follow. */
  proven: boolean;
  /** null before, and where nothing had to be proven. */
  proof: Proof | null;
  /** The first failure; the plan then abandons the attempt. */
  failure: string | null;
}

/** One try with one candidate: a worker to be promoted, or a process that boots the code. */
export interface Attempt extends Readonly<Omit<AttemptData, 'request'>> {
  readonly request: RolloutRequest;
}

/** The mold that an attempt aims for. */
export type Next = Pick<Attempt, 'phase' | 'generation'> & Partial<Pick<Attempt, 'unforkable'>>;

/**
 * The reason against forking the code of a phase; the generation is that of the refused process.
 */
export interface Unforkable {
  readonly reason: string;
  readonly generation: number;
}

export const singleMode: Unforkable = {
  reason: 'is not forked in single mode (workers: 0)',
  generation: 0,
};

/** Workers tried for one request before it is given up. */
const maxCandidates = 3;

export class Rollouts {
  #attempt: AttemptData | null = null;
  #lastError: string | null = null;
  readonly #requests = new Map<RolloutKind, RequestData>();
  /** Requests made during an attempt, with the reason of the first. */
  readonly #again = new Map<RolloutKind, string>();
  readonly #backoff: RolloutBackoff;

  constructor(backoffMs: number) {
    this.#backoff = new RolloutBackoff(backoffMs);
  }

  get attempt(): Attempt | null {
    return this.#attempt;
  }

  /** The reason of the last failure; null after a success. */
  get lastError(): string | null {
    return this.#lastError;
  }

  /** The earliest time of the next automatic refork. */
  get backoffUntil(): number {
    return this.#backoff.until;
  }

  /** The next request. */
  get pending(): RolloutRequest | null {
    const [kind] = inOrder.filter((wanted) => this.#requests.has(wanted));
    return (kind && this.#requests.get(kind)) ?? null;
  }

  isCandidate(child: Child): boolean {
    return this.#attempt?.candidate === child.id;
  }

  /** An operator's request ends a back-off; one made during an attempt is kept for later. */
  request(kind: RolloutKind, reason: string, now: number): void {
    const pending = this.#requests.get(kind);
    if (this.#attempt) {
      if (!this.#again.has(kind)) this.#again.set(kind, reason);
    } else if (pending) {
      pending.notBefore = now;
      pending.tried.clear();
    } else this.#requests.set(kind, this.#requestOf(kind, reason, now));
  }

  /** Continues with the request of that kind, or with a new one if there is none. */
  begin(
    kind: RolloutKind,
    reason: string,
    candidate: Child | null,
    next: Next,
    now: number,
  ): Attempt {
    const request = this.#requestOf(kind, reason, now);
    if (candidate) request.tried.add(candidate.id);
    this.#requests.delete(kind);
    return (this.#attempt = {
      request,
      candidate: candidate?.id ?? null,
      unforkable: null,
      startedAt: now,
      canary: null,
      canarySince: null,
      proven: false,
      proof: null,
      failure: null,
      ...next,
    });
  }

  setCanary(child: Child): void {
    if (this.#attempt) this.#attempt.canary = child.id;
  }

  /** The booted candidate was refused; its code continues without forks. */
  setUnforkable(unforkable: Unforkable): void {
    if (this.#attempt) this.#attempt.unforkable = unforkable;
  }

  /** A child serves: the trial of a canary begins. */
  serving(child: Child, now: number): void {
    if (this.#attempt?.canary === child.id) this.#attempt.canarySince ??= now;
  }

  /** `canary`, at the end of its trial. */
  markProven(canary: Child | undefined, now: number): void {
    if (!this.#attempt) return;
    this.#attempt.proven = true;
    const ms = now - (this.#attempt.canarySince ?? now);
    if (canary) this.#attempt.proof = { ms, requests: canary.figures.requests };
  }

  /**
   * A worker exits in good order, by request of the app or the plan: that proves nothing about a
   * mold. Another canary continues the trial, another candidate the request, at once.
   */
  leaving(child: Child, now: number): void {
    const attempt = this.#attempt;
    if (!attempt || attempt.failure !== null || child.role !== 'worker') return;
    if (attempt.canary === child.id) attempt.canary = null;
    if (!this.isCandidate(child)) return;
    const { request } = attempt;
    request.tried.delete(child.id);
    request.notBefore = now;
    this.#requests.set(request.kind, request);
    this.#attempt = null;
    this.#requestAgain(now, request.kind);
  }

  /** A fault of the candidate or of the canary is the attempt's failure. */
  failIfInvolved(child: Child, reason: string): void {
    const attempt = this.#attempt;
    if (!attempt || attempt.failure !== null) return;
    const part = this.#partOf(child, attempt);
    // A refused process has no further part in the attempt.
    if (part && !(this.isCandidate(child) && attempt.unforkable))
      attempt.failure = `${part}: ${reason}`;
  }

  #partOf(child: Child, { canary, proven }: Attempt): string | null {
    if (this.isCandidate(child)) return child.role === 'mold' ? 'the new mold' : 'the candidate';
    return child.id === canary && !proven ? 'the canary' : null;
  }

  /** Ends the attempt. Returns whether its request continues with another candidate. */
  end(failure: string | null, now: number): { retry: boolean } {
    const attempt = this.#attempt;
    this.#attempt = null;
    this.#lastError = failure;
    if (!attempt) return { retry: false };
    const { request } = attempt;
    const retry =
      failure !== null && request.kind === 'refork' && request.tried.size < maxCandidates;
    if (failure === null) this.#backoff.succeeded();
    else this.#backoff.failed(now);
    if (retry) {
      request.failures.push(failure);
      request.notBefore = this.#backoff.until;
      this.#requests.set(request.kind, request);
    }
    this.#requestAgain(now, retry ? request.kind : null);
    return { retry };
  }

  /** No candidate is left for the request. */
  drop({ kind }: RolloutRequest, reason: string, now: number): void {
    this.#lastError = reason;
    this.#backoff.begin(now);
    this.#requests.delete(kind);
    this.#requestAgain(now, null);
  }

  /** A restart failed before it became a rollout, in this program or the one before. */
  noteError(reason: string | null): void {
    this.#lastError = reason;
  }

  /** Forgets every request and the attempt: the server stops. */
  clear(): void {
    this.#attempt = null;
    this.#requests.clear();
    this.#again.clear();
  }

  #requestOf(kind: RolloutKind, reason: string, now: number): RequestData {
    return (
      this.#requests.get(kind) ?? {
        ...{ kind, reason, notBefore: now },
        tried: new Set(),
        failures: [],
      }
    );
  }

  /** Requests of the kind `waiting` remain until the attempt's own is fulfilled or dropped. */
  #requestAgain(now: number, waiting: RolloutKind | null): void {
    for (const [kind, reason] of [...this.#again])
      if (kind !== waiting) {
        this.#again.delete(kind);
        this.request(kind, reason, now);
      }
  }
}
