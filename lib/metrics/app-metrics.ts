// The app's own metrics over all workers: the last snapshot of each live worker, and the totals of
// those that are gone. Invariant: no counter falls when a worker is replaced or killed; gauges
// cover live workers only.
import { AggregatorRegistry } from 'prom-client';
import type { MetricSnapshot } from '../protocol/message.js';
import { Ledger, type LedgerRecord } from './ledger.js';
import { parseMetrics, type MetricJson, type MetricValue } from './metric-json.js';

/** Reserved for the monitor's metrics; the app's metrics of this name are dropped. */
const reservedPrefix = 'pitchfork_';

/** Plain data, handed to the next program of a hot restart. */
export interface AppMetricsRecord {
  readonly ledger: LedgerRecord<readonly MetricJson[]>;
  readonly lastRead: readonly (readonly [series: string, value: number])[];
}

export class AppMetrics {
  readonly #ledger: Ledger<readonly MetricJson[]>;
  #lastRead: ReadonlyMap<string, number>;
  #nextRead = new Map<string, number>();

  constructor(before?: AppMetricsRecord) {
    const fold = (one: readonly MetricJson[], other: readonly MetricJson[]) =>
      limited(aggregate([lasting(one), lasting(other)]));
    this.#ledger = new Ledger<readonly MetricJson[]>([], { fold }, before?.ledger);
    this.#lastRead = new Map(before?.lastRead);
  }

  record(): AppMetricsRecord {
    return { ledger: this.#ledger.record(), lastRead: [...this.#lastRead] };
  }

  /** Replaces the child's snapshot. */
  update(childId: number, snapshot: MetricSnapshot): void {
    const metrics = parseMetrics(snapshot).filter(({ name }) => !name.startsWith(reservedPrefix));
    this.#ledger.update(childId, metrics);
  }

  /** The child is gone; its counters stay in the totals. */
  retire(childId: number): void {
    this.#ledger.retire(childId);
  }

  /** The metrics over all workers, each name once. */
  collect(): MetricJson[] {
    const metrics = aggregate([
      lasting(this.#ledger.gone()),
      ...meanQuantiles(this.#ledger.live()),
    ]);
    const collected = metrics.map((metric) =>
      metric.type === 'gauge' || metric.aggregator !== 'sum'
        ? metric
        : { ...metric, values: metric.values.map((value) => this.#notFalling(metric, value)) },
    );
    // Only series that are still there can fall.
    this.#lastRead = this.#nextRead;
    this.#nextRead = new Map();
    return collected;
  }

  /** As in totals.ts: adding floats in another order can yield a smaller sum. */
  #notFalling({ name, type }: MetricJson, value: MetricValue): MetricValue {
    if (isQuantile(value)) return value;
    const series = `${type} ${seriesOf(value.metricName ?? name, value)}`;
    const highest = Math.max(value.value, this.#lastRead.get(series) ?? -Infinity);
    this.#nextRead.set(series, highest);
    return { ...value, value: highest };
  }
}

/** Of processes that are gone: these are kept for ever, and an app may name ever new ones. */
const mostLasting = 50_000;

/** The first series, which are those of the earliest processes. */
function limited(metrics: readonly MetricJson[]): MetricJson[] {
  let left = mostLasting;
  return metrics.map((metric) => {
    const values = metric.values.slice(0, left);
    left -= values.length;
    return { ...metric, values };
  });
}

/** The part that outlives the process: no gauges, averages or quantiles. */
function lasting(metrics: readonly MetricJson[]): MetricJson[] {
  return metrics
    .filter(({ type, aggregator }) => type !== 'gauge' && aggregator !== 'average')
    .map((metric) => ({ ...metric, values: metric.values.filter((value) => !isQuantile(value)) }));
}

const seriesOf = (name: string, { labels }: MetricValue): string =>
  `${name} ${JSON.stringify(Object.entries(labels).sort())}`;

const isQuantile = ({ labels }: MetricValue): boolean => 'quantile' in labels;

/** Divides quantiles by the number of workers that report them: summed, they become a mean. */
function meanQuantiles(snapshots: readonly (readonly MetricJson[])[]): MetricJson[][] {
  const counts = new Map<string, number>();
  for (const { name, values } of snapshots.flat())
    for (const value of values.filter(isQuantile))
      counts.set(seriesOf(name, value), (counts.get(seriesOf(name, value)) ?? 0) + 1);

  const mean = (name: string, value: MetricValue): MetricValue =>
    isQuantile(value)
      ? { ...value, value: value.value / (counts.get(seriesOf(name, value)) ?? 1) }
      : value;
  return snapshots.map((metrics) =>
    metrics.map((metric) =>
      metric.type === 'summary' && metric.aggregator === 'sum'
        ? { ...metric, values: metric.values.map((value) => mean(metric.name, value)) }
        : metric,
    ),
  );
}

/**
 * Merges by each metric's own aggregator. If the code of two phases defines a metric differently,
 * the newest definition wins.
 */
function aggregate(snapshots: readonly (readonly MetricJson[])[]): MetricJson[] {
  const newest = new Map(
    snapshots.flat().map(({ name, type, aggregator }) => [name, `${type} ${aggregator}`]),
  );
  const agreeing = snapshots.map((metrics) =>
    metrics.filter(({ name, type, aggregator }) => newest.get(name) === `${type} ${aggregator}`),
  );
  return parseMetrics(AggregatorRegistry.aggregate(agreeing).getMetricsAsArray());
}
