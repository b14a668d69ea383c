// The pause after failed attempts at a rollout: each failure in a row doubles it.

const longestMs = 10 * 60_000;

export class RolloutBackoff {
  readonly #firstMs: number;
  #failures = 0;
  #until = 0;

  /** `firstMs`: the pause after the first failure. */
  constructor(firstMs: number) {
    this.#firstMs = firstMs;
  }

  /** The earliest time of the next automatic attempt. */
  get until(): number {
    return this.#until;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(now: number): void {
    this.#failures++;
    this.begin(now);
  }

  /** The pause begins again: an attempt could not even be made. */
  begin(now: number): void {
    this.#until = now + Math.min(longestMs, this.#firstMs * 2 ** Math.max(0, this.#failures - 1));
  }
}
