// The heartbeat of a worker's event loop, and a measurement of its largest delay.

const intervalMs = 500;
/** More heartbeats are a burden, and the monitor accepts a limited number (budget.ts). */
const leastIntervalMs = 10;
/** Heartbeats per `heartbeatTimeout`, at least: some may be late. */
const redundancy = 4;

export class Heartbeat {
  readonly #timer: NodeJS.Timeout;
  #expected: number;
  #lagMs = 0;

  constructor(heartbeatTimeoutMs: number, beat: () => void) {
    const ms = Math.max(leastIntervalMs, Math.min(intervalMs, heartbeatTimeoutMs / redundancy));
    this.#expected = performance.now() + ms;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#lagMs = Math.max(this.#lagMs, now - this.#expected);
      this.#expected = now + ms;
      beat();
    }, ms);
  }

  /** The largest delay of the event loop since the last call. */
  lagSeconds(): number {
    const lag = this.#lagMs / 1000;
    this.#lagMs = 0;
    return lag;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
