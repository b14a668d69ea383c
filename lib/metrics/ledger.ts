// Keeps the last word of each child, living or gone, so that a sum over all of them never loses
// what a child counted before it was replaced. Those who are gone are folded into one sum, but not
// at once: a child's last report can be read after it was reaped, and still replaces its earlier
// one.
export interface Rules<T> {
  /** The value to keep when a child reports again; absent: the newer one. */
  readonly merge?: (earlier: T, later: T) => T;
  /** Adds up two children that are gone. */
  readonly fold: (one: T, other: T) => T;
}

/** Plain data, for the next program of a hot restart. */
export interface LedgerRecord<T> {
  readonly live: readonly (readonly [childId: number, value: T])[];
  readonly gone: readonly (readonly [childId: number, value: T])[];
  readonly folded: T;
}

/** More children than ever leave between a reap and the reading of a last report. */
const maxUnfolded = 32;

export class Ledger<T> {
  readonly #rules: Rules<T>;
  readonly #live: Map<number, T>;
  readonly #gone: Map<number, T>;
  readonly #zero: T;
  #folded: T;

  constructor(zero: T, rules: Rules<T>, before?: LedgerRecord<T>) {
    this.#zero = zero;
    this.#rules = rules;
    this.#live = new Map(before?.live);
    this.#gone = new Map(before?.gone);
    this.#folded = before?.folded ?? zero;
  }

  record(): LedgerRecord<T> {
    return { live: [...this.#live], gone: [...this.#gone], folded: this.#folded };
  }

  /** Child ids are never used twice. */
  update(childId: number, value: T): void {
    const entries = this.#gone.has(childId) ? this.#gone : this.#live;
    const earlier = entries.get(childId);
    const { merge } = this.#rules;
    entries.set(childId, earlier === undefined || !merge ? value : merge(earlier, value));
  }

  /**
   * The child is gone; what it counted stays. Safe to call twice, and for a child that never
   * reported.
   */
  retire(childId: number): void {
    if (this.#gone.has(childId)) return;
    this.#gone.set(childId, this.#live.get(childId) ?? this.#zero);
    this.#live.delete(childId);
    for (const [oldest, last] of this.#gone) {
      if (this.#gone.size <= maxUnfolded) return;
      this.#gone.delete(oldest);
      this.#folded = this.#rules.fold(this.#folded, last);
    }
  }

  /** In the order in which they first reported. */
  live(): T[] {
    return [...this.#live.values()];
  }

  gone(): T {
    return [...this.#gone.values()].reduce(
      (sum, value) => this.#rules.fold(sum, value),
      this.#folded,
    );
  }
}
