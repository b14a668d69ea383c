// Looks for requests of this worker that take too long. Without a timeout there is no watch.
import type { InFlightRequest } from '../../engines/request-deadline.js';
import type { RequestDeadline } from '../../protocol/message.js';

const intervalMs = 250;
/** A look that comes so much later than it should asks why. */
const oversleptMs = 1_000;
/** A process that used less of the time than this was not running. */
const idleShare = 0.1;

export interface Watched {
  readonly timeoutMs: number;
  /** Requests that the app has not answered yet. */
  readonly running: () => Iterable<InFlightRequest>;
  /** Called once, with the request that was the first to take too long. */
  readonly overran: (request: InFlightRequest, urgent: RequestDeadline) => void;
}

export class RequestWatch {
  readonly #watched: Watched;
  readonly #timer: NodeJS.Timeout;
  #lookedAt = performance.now();
  #cpuMs = cpuMs();
  #told = false;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#timer = setInterval(() => this.#look(), intervalMs).unref();
  }

  /** Null while no request has a deadline. */
  urgent(): RequestDeadline | null {
    const request = this.#mostUrgent();
    return request && this.#describe(request);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const request = this.#mostUrgent();
    if (this.#told || !request) return;
    const urgent = this.#describe(request);
    if (urgent.leftMs > 0) return;
    this.#told = true;
    this.#watched.overran(request, urgent);
  }

  #mostUrgent(): InFlightRequest | null {
    this.#forgiveSleep();
    let first: InFlightRequest | null = null;
    for (const request of this.#watched.running())
      if (Number.isFinite(request.extensionMs) && (!first || deadline(request) < deadline(first)))
        first = request;
    return first;
  }

  #describe(request: InFlightRequest): RequestDeadline {
    const { method, url, startedAt, extensionMs } = request;
    const ageMs = Math.round(performance.now() - startedAt);
    const [path = ''] = url.split('?');
    return { method, url: path, ageMs, leftMs: this.#watched.timeoutMs + extensionMs - ageMs };
  }

  /**
   * A process that was stopped (SIGSTOP, a frozen container) could not answer. One that was busy
   * meanwhile is to blame, and its CPU time tells.
   */
  #forgiveSleep(): void {
    const now = performance.now();
    const cpu = cpuMs();
    const gapMs = now - this.#lookedAt - intervalMs;
    if (gapMs > oversleptMs && cpu - this.#cpuMs < gapMs * idleShare)
      for (const request of this.#watched.running()) request.extensionMs += gapMs;
    this.#lookedAt = now;
    this.#cpuMs = cpu;
  }
}

const deadline = ({ startedAt, extensionMs }: InFlightRequest): number => startedAt + extensionMs;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
