// Watches for requests that exceed `requestTimeout`, and ends those that exceed `cleanupTimeout` as
// well; not used without a timeout. Time during which a request waits for its client is not
// counted, to the precision of a check.
import { requestInfo, type InFlightRequest } from '../../engines/in-flight-request.js';
import type { RequestDeadline } from '../../protocol/message.js';

const intervalMs = 250;
/** A check delayed by more than this is suspicious: the process was busy or suspended. */
const suspiciousGapMs = 1_000;
/** The share of CPU time below which the process counts as suspended. */
const suspendedShare = 0.1;
/** The time for a request to end that has been cut. */
const cutGraceMs = 1_000;

export interface Watched {
  readonly timeoutMs: number;
  readonly cleanupTimeoutMs: number;
  readonly running: () => Iterable<InFlightRequest>;
  /** Called once, with the first request that exceeded the timeout. */
  readonly overran: (request: InFlightRequest, urgent: RequestDeadline) => void;
  /** Called before requests are cut that exceeded both timeouts. */
  readonly cutting: (requests: readonly InFlightRequest[]) => void;
}

export class RequestTimeout {
  readonly #watched: Watched;
  readonly #timer: NodeJS.Timeout;
  #checkedAt = performance.now();
  #cpuMs = cpuMs();
  /** Not at once after a gap: the responses may be waiting for the event loop as the check did. */
  #cutFrom = 0;
  readonly #cutAt = new WeakMap<InFlightRequest, number>();
  #reported = false;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#timer = setInterval(() => this.#check(), intervalMs).unref();
  }

  /**
   * null while no request has a deadline. The monitor kills a worker for one whose time is over:
   * that is kept back until the request has been cut in vain.
   */
  urgent(): RequestDeadline | null {
    const request = this.#mostUrgent();
    if (!request) return null;
    const urgent = this.#deadlineOf(request);
    const cutAt = this.#cutAt.get(request) ?? Infinity;
    if (performance.now() - cutAt > cutGraceMs) return urgent;
    return { ...urgent, leftMs: Math.max(urgent.leftMs, 1 - this.#watched.cleanupTimeoutMs) };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const request = this.#mostUrgent();
    if (!request) return;
    const urgent = this.#deadlineOf(request);
    if (urgent.leftMs > 0) return;
    if (performance.now() >= this.#cutFrom) this.#cutOverdue();
    if (this.#reported) return;
    this.#reported = true;
    this.#watched.overran(request, urgent);
  }

  #cutOverdue(): void {
    const { cleanupTimeoutMs, running, cutting } = this.#watched;
    const overdue = [...running()].filter(
      (request) =>
        this.#deadlineOf(request).leftMs + cleanupTimeoutMs <= 0 && !this.#cutAt.has(request),
    );
    if (overdue.length === 0) return;
    cutting(overdue);
    for (const request of overdue) {
      this.#cutAt.set(request, performance.now());
      request.cut();
    }
  }

  #mostUrgent(): InFlightRequest | null {
    this.#creditWaits();
    let first: InFlightRequest | null = null;
    for (const request of this.#watched.running())
      if (Number.isFinite(request.extensionMs) && (!first || deadline(request) < deadline(first)))
        first = request;
    return first;
  }

  #deadlineOf(request: InFlightRequest): RequestDeadline {
    const info = requestInfo(request);
    const leftMs = this.#watched.timeoutMs + request.extensionMs - info.ageMs;
    return { ...info, leftMs };
  }

  /**
   * A process that was suspended (SIGSTOP, a frozen container) could not answer; a busy one is to
   * blame. CPU time distinguishes the two.
   */
  #creditWaits(): void {
    const now = performance.now();
    const cpu = cpuMs();
    const sinceMs = now - this.#checkedAt;
    const gapMs = sinceMs - intervalMs;
    const isLate = gapMs > suspiciousGapMs;
    if (isLate) this.#cutFrom = now + intervalMs;
    const suspended = isLate && cpu - this.#cpuMs < gapMs * suspendedShare;
    for (const request of this.#watched.running())
      if (suspended) request.extensionMs += gapMs;
      else if (request.waitsForClient)
        request.extensionMs += Math.min(sinceMs, now - request.startedAt);
    this.#checkedAt = now;
    this.#cpuMs = cpu;
  }
}

const deadline = ({ startedAt, extensionMs }: InFlightRequest): number => startedAt + extensionMs;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
