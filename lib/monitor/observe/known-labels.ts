// The values of a label that come from processes of the app: a limited number of them, since each
// is a series that the monitor keeps for ever.
import type { MetricJson } from '../../metrics/metric-json.js';

const mostValues = 100;
/** Stands for all values beyond the limit. */
const others = 'other';

export class KnownLabels {
  readonly #known: Set<string>;

  /** With the values of the predecessor of a hot restart. */
  constructor(before: readonly MetricJson[], { metric, label }: { metric: string; label: string }) {
    const values = before.filter(({ name }) => name === metric).flatMap((found) => found.values);
    this.#known = new Set(values.map(({ labels }) => String(labels[label])));
  }

  /** The value itself, or the one that stands for it. */
  known(value: string): string {
    if (!this.#known.has(value) && this.#known.size >= mostValues) return others;
    this.#known.add(value);
    return value;
  }
}
