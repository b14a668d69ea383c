// How often workers that served have died of late, so that a crash loop slows down. No I/O.

const halfLifeMs = 5_000;
/** Deaths at a time that cost no pause. */
const free = 5;
const longestPauseMs = 10_000;

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
