// The rollout that is requested or under way: a refork, a phased restart or a rollback. They differ
// only in the source of the next mold. Invariant: at most one attempt at a time; any number of
// requests during an attempt leads to one more after it.
import { Rollback, type RollbackOptions } from './rollback.js';
import { RolloutBackoff } from './rollout-backoff.js';
import type { OptionDigests } from '../../protocol/restart-options.js';
import type { Child } from './child.js';

export type RolloutKind = 'refork' | 'phased restart' | 'rollback';

/** New code goes first: a refork of the old code would be in vain. */
const inOrder = ['rollback', 'phased restart', 'refork'] as const satisfies RolloutKind[];

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
  /** Digests of the configuration that the new code was booted with; null: it was not booted. */
  configured: OptionDigests | null;
  /** The time at which the first canary began to serve. */
  canarySince: number | null;
  /** A rollback that nobody has asked for. */
  automatic: boolean;
  /** The canary stayed healthy, or the mold is an old one: the other slots follow. */
  proven: boolean;
  /** The trial that its canary has passed; null before, and where nothing had to be proven. */
  proof: { readonly ms: number; readonly requests: number } | null;
  /** The first failure; the plan then abandons the attempt. */
  failure: string | null;
}

/** One try with one candidate: a worker to be promoted, or a process that boots the code. */
export interface Attempt extends Readonly<Omit<AttemptData, 'request'>> {
  readonly request: RolloutRequest;
}

/** The mold that an attempt aims for. */
export type Next = Pick<Attempt, 'phase' | 'generation'> &
  Partial<Pick<Attempt, 'unforkable' | 'automatic' | 'proven'>>;

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

const noRollback: RollbackOptions = { windowMs: false, automatic: false };

/** Workers tried for one request before it is given up. */
const maxCandidates = 3;

export class Rollouts {
  #attempt: AttemptData | null = null;
  #lastError: string | null = null;
  readonly #requests = new Map<RolloutKind, RequestData>();
  /** Requests made during an attempt, with the reason of the first. */
  readonly #again = new Map<RolloutKind, string>();
  readonly #backoff: RolloutBackoff;
  readonly rollback: Rollback;

  /** `rollback`: none by default. */
  constructor(backoffMs: number, rollback: RollbackOptions = noRollback) {
    this.#backoff = new RolloutBackoff(backoffMs);
    this.rollback = new Rollback(rollback);
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

  /**
   * An operator's request ends a back-off; one made during an attempt is kept for later, except a
   * rollback, which interrupts it.
   */
  request(kind: RolloutKind, reason: string, now: number): void {
    const pending = this.#requests.get(kind);
    if (this.#attempt && kind !== 'rollback') {
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
      automatic: false,
      configured: null,
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

  /** A process with the new code has read the configuration. */
  setConfigured({ phase }: Child, options: Attempt['configured']): void {
    if (this.#attempt?.phase === phase) this.#attempt.configured = options;
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

  /** A rollback comes first: the attempt is made again after it. */
  postpone(now: number): void {
    if (!this.#attempt) return;
    const { request } = this.#attempt;
    request.notBefore = now;
    this.#requests.set(request.kind, request);
    this.#attempt = null;
  }

  /** A rollback that was asked for is done, or nothing is left to be done for it. */
  fulfilRollback(): void {
    this.#requests.delete('rollback');
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

  #partOf(child: Child, { canary, proven, request: { kind } }: Attempt): string | null {
    if (kind === 'rollback' && this.isCandidate(child)) return 'the old mold';
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
    this.rollback.rolledOut(now);
    // The code that was to serve does not: that remains to be said.
    if (attempt.automatic) this.#lastError ??= `the new code was rolled back: ${request.reason}`;
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
