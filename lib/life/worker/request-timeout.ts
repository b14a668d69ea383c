// Watches for requests that exceed `requestTimeout`; not used without a timeout.
import { requestInfo, type InFlightRequest } from '../../engines/in-flight-request.js';
import type { RequestDeadline } from '../../protocol/message.js';

const intervalMs = 250;
/** A check delayed by more than this is suspicious: the process was busy or suspended. */
const suspiciousGapMs = 1_000;
/** The share of CPU time below which the process counts as suspended. */
const suspendedShare = 0.1;

export interface Watched {
  readonly timeoutMs: number;
  readonly running: () => Iterable<InFlightRequest>;
  /** Called once, with the first request that exceeded the timeout. */
  readonly overran: (request: InFlightRequest, urgent: RequestDeadline) => void;
}

export class RequestTimeout {
  readonly #watched: Watched;
  readonly #timer: NodeJS.Timeout;
  #checkedAt = performance.now();
  #cpuMs = cpuMs();
  #reported = false;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#timer = setInterval(() => this.#check(), intervalMs).unref();
  }

  /** null while no request has a deadline. */
  urgent(): RequestDeadline | null {
    const request = this.#mostUrgent();
    return request && this.#deadlineOf(request);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const request = this.#mostUrgent();
    if (this.#reported || !request) return;
    const urgent = this.#deadlineOf(request);
    if (urgent.leftMs > 0) return;
    this.#reported = true;
    this.#watched.overran(request, urgent);
  }

  #mostUrgent(): InFlightRequest | null {
    this.#forgiveSuspension();
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
  #forgiveSuspension(): void {
    const now = performance.now();
    const cpu = cpuMs();
    const gapMs = now - this.#checkedAt - intervalMs;
    if (gapMs > suspiciousGapMs && cpu - this.#cpuMs < gapMs * suspendedShare)
      for (const request of this.#watched.running()) request.extensionMs += gapMs;
    this.#checkedAt = now;
    this.#cpuMs = cpu;
  }
}

const deadline = ({ startedAt, extensionMs }: InFlightRequest): number => startedAt + extensionMs;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
