// Attributes the kernel's kills for lack of memory to deaths by SIGKILL. The kernel counts a kill
// before it sends the signal.
import { readOomKills } from '../../system/proc/oom-kills.js';

/** A kill that no death claims by then was of another process in the cgroup. */
const claimWithinMs = 10_000;
/** Interval of the looks that let such kills expire. */
const lookMs = 2_000;
/** More than the children that can die between two looks. */
const maxUnclaimed = 1_000;

export class OomKills {
  readonly #read: () => number | null;
  #count: number | null;
  /** Times at which unclaimed kills were noticed. */
  #unclaimed: number[] = [];
  #lookedAt = -Infinity;

  constructor(read = readOomKills) {
    this.#read = read;
    this.#count = read();
  }

  /** Called often; looks now and then. */
  tick(now: number): void {
    if (now - this.#lookedAt >= lookMs) this.#look(now);
  }

  /** Whether a death by SIGKILL was a kill for lack of memory; null if that cannot be known. */
  claim(now: number): boolean | null {
    this.#look(now);
    return this.#count === null ? null : this.#unclaimed.shift() !== undefined;
  }

  #look(now: number): void {
    this.#lookedAt = now;
    const count = this.#read();
    const more = Math.max(0, (count ?? 0) - (this.#count ?? count ?? 0));
    this.#count = count;
    const noticed = Array.from({ length: Math.min(more, maxUnclaimed) }, () => now);
    this.#unclaimed = [...this.#unclaimed, ...noticed].filter((at) => now - at <= claimWithinMs);
  }
}
