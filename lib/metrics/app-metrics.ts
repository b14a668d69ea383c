// The app's own metrics over all workers: the last snapshot of each live worker, and one snapshot
// with the totals of those that are gone. Invariant: no counter falls when a worker is replaced or
// killed; gauges cover live workers only. A scrape costs the same however many have gone.
import { Pace } from '../base/pace.js';
import { isRecord } from '../base/is-record.js';
import type { MetricSnapshot } from '../protocol/message.js';
import type { SnapshotMetric } from '../protocol/metric-snapshot.js';
import { fold, merge } from './app-merge.js';
import { readSnapshot, recordOf, type AppMetric, type AppSnapshot } from './app-snapshot.js';

/** Plain data, handed to the next program of a hot restart. */
export interface AppMetricsRecord {
  readonly live: readonly (readonly [childId: number, metrics: readonly SnapshotMetric[]])[];
  readonly gone: readonly SnapshotMetric[];
  readonly last: readonly SnapshotMetric[];
  readonly retired: readonly number[];
  readonly dropped: number;
}

const nothing: AppSnapshot = new Map();
/** Of the gone. An app whose labels never repeat must not fill the monitor. */
const mostGoneSeries = 100_000;
/** More than the processes that can have retired and still be there. */
const maxRetired = 1_000;

export class AppMetrics {
  readonly #maxGoneSeries: number;
  readonly #live = new Map<number, AppSnapshot>();
  readonly #retired: Set<number>;
  #dropped: number;
  #gone: AppSnapshot;
  /** The result of the last scrape. */
  #last: AppSnapshot;

  constructor(before?: AppMetricsRecord, maxGoneSeries = mostGoneSeries) {
    this.#maxGoneSeries = maxGoneSeries;
    const { live, gone, last, retired, dropped } = isRecord(before) ? before : {};
    for (const [id, metrics] of live ?? []) this.#live.set(id, readSnapshot([...metrics]));
    this.#gone = readSnapshot([...(gone ?? [])]);
    this.#last = readSnapshot([...(last ?? [])]);
    this.#retired = new Set(retired);
    this.#dropped = dropped ?? 0;
  }

  record(): AppMetricsRecord {
    return {
      live: [...this.#live].map(([id, metrics]) => [id, recordOf(metrics)]),
      gone: recordOf(this.#gone),
      last: recordOf(this.#last),
      retired: [...this.#retired],
      dropped: this.#dropped,
    };
  }

  /** Replaces the child's snapshot. */
  update(childId: number, snapshot: MetricSnapshot): void {
    // A late answer of a child whose last report is in the totals already.
    if (this.#retired.has(childId)) return;
    const before = this.#live.get(childId) ?? nothing;
    this.#live.set(childId, readSnapshot(snapshot, before, this.#last));
  }

  /** The child is gone; its counters stay in the totals. Safe to call twice. */
  retire(childId: number): void {
    this.#retired.add(childId);
    for (const oldest of this.#retired)
      if (this.#retired.size > maxRetired) this.#retired.delete(oldest);
    const ended = this.#live.get(childId);
    if (!ended) return;
    this.#live.delete(childId);
    const { folded, dropped } = fold(this.#gone, ended, this.#maxGoneSeries);
    this.#gone = folded;
    this.#dropped += dropped;
  }

  /** Series of workers that are gone, above the limit, since the monitor started. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The metrics over all workers, each name once. The event loop turns meanwhile. */
  async collect(): Promise<AppMetric[]> {
    const snapshots = [this.#gone, ...this.#live.values()];
    this.#last = await merge(snapshots, this.#last, new Pace());
    return [...this.#last.values()];
  }
}
