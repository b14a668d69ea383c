// Keeps the last report of each child, live or gone, so that sums over all children include the
// counts of replaced ones. Gone children are folded into one sum, but not at once: a child's last
// report can be read after the child was reaped, and still replaces its previous report.

export interface Rules<T> {
  /** The value to keep when a child reports again; the later one by default. */
  readonly merge?: (earlier: T, later: T) => T;
  /** The sum of two children that are gone. */
  readonly fold: (one: T, other: T) => T;
}

/** Plain data, handed to the next program of a hot restart. */
export interface LedgerRecord<T> {
  readonly live: readonly (readonly [childId: number, value: T])[];
  readonly gone: readonly (readonly [childId: number, value: T])[];
  readonly folded: T;
}

/** More than the children that can exit between a reap and the reading of a last report. */
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

  /** Child ids are never reused. */
  update(childId: number, value: T): void {
    const entries = this.#gone.has(childId) ? this.#gone : this.#live;
    const earlier = entries.get(childId);
    const { merge } = this.#rules;
    entries.set(childId, earlier === undefined || !merge ? value : merge(earlier, value));
  }

  /** The child is gone; its counts stay. Safe to call twice, and for children without a report. */
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

  /** The values of live children, in the order of their first reports. */
  live(): T[] {
    return [...this.#live.values()];
  }

  /** The sum over all children that are gone. */
  gone(): T {
    return [...this.#gone.values()].reduce(
      (sum, value) => this.#rules.fold(sum, value),
      this.#folded,
    );
  }
}
