// The recent deaths of workers: the reason why a slot is down, and the evidence against new code.
import type { Child } from './child.js';

/** A worker that died unasked, or could not be started. */
export interface Death {
  readonly slot: number;
  readonly phase: number;
  readonly at: number;
  /** One line. */
  readonly reason: string;
}

/** A crash loop of any size is bounded by this; older deaths are forgotten. */
const most = 2_048;

export class RecentDeaths {
  #all: Death[] = [];

  /** Only of a worker: a mold has no slot, and the service worker serves no clients. */
  add({ role, slot, phase }: Child, reason: string, at: number): void {
    if (role !== 'worker' || slot === null) return;
    this.#all.push({ slot, phase, at, reason });
    if (this.#all.length > most) this.#all = this.#all.slice(-most / 2);
  }

  /** From `since` on, the oldest first. */
  since(since: number): readonly Death[] {
    return this.#all.filter(({ at }) => at >= since);
  }
}
