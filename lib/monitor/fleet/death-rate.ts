// How long to wait after a process has failed to start, or has died: a crash loop slows down. No
// I/O.

const halfLifeMs = 5_000;
/** Deaths at a time that cost no pause. */
const free = 5;
const longestPauseMs = 10_000;

/** After so many starts in a row that failed, before the next one. */
export const delayMs = (failures: number): number =>
  Math.min(longestPauseMs, 100 * 2 ** Math.min(failures, 10));

/** How often those that served have died of late. */
export class DeathRate {
  /** Decays by half every `halfLifeMs`. */
  #deaths = 0;
  #lastDeath = 0;

  /** How long to wait before the next start. */
  add(now: number): number {
    this.#deaths = this.#deaths * 0.5 ** ((now - this.#lastDeath) / halfLifeMs) + 1;
    this.#lastDeath = now;
    const excess = Math.max(0, Math.ceil(this.#deaths) - free);
    return excess === 0 ? 0 : Math.min(longestPauseMs, 100 * 2 ** excess);
  }
}
