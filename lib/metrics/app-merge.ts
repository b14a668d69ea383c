// Adding up the app's metrics of several processes, by each metric's own aggregator. If the code of
// two phases defines a metric differently, the newest definition wins.
import type { Pace } from '../base/pace.js';
import { isQuantile, type AppMetric, type AppSnapshot } from './app-snapshot.js';

const isSame = (one: AppMetric, other: AppMetric): boolean =>
  one.type === other.type && one.aggregator === other.aggregator;

/** A total that falls is a restart to Prometheus, and a spike in every rate. */
const neverFalls = ({ type, aggregator }: AppMetric): boolean =>
  type !== 'gauge' && aggregator === 'sum';

/**
 * The metrics over all `snapshots`, oldest first. No total is below the one in `last`: adding
 * floats in another order can yield a smaller sum.
 */
export async function merge(
  snapshots: readonly AppSnapshot[],
  last: AppSnapshot,
  pace: Pace,
): Promise<AppSnapshot> {
  const newest = new Map<string, AppMetric>();
  for (const snapshot of snapshots)
    for (const metric of snapshot.values()) newest.set(metric.name, metric);
  const merged = new Map<string, AppMetric>();
  for (const [name, metric] of newest) {
    if (metric.aggregator === 'omit') continue;
    const parts = snapshots.flatMap((snapshot) => snapshot.get(name) ?? []);
    const series = await mergeSeries(
      metric,
      parts.filter((part) => isSame(part, metric)),
      pace,
    );
    const before = last.get(name);
    if (before && neverFalls(metric) && isSame(before, metric))
      await raise(metric, series, before, pace);
    merged.set(name, { ...metric, series });
  }
  return merged;
}

async function mergeSeries(
  metric: AppMetric,
  parts: readonly AppMetric[],
  pace: Pace,
): Promise<Map<string, number>> {
  const add = adder(metric);
  const totals = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const part of parts) {
    let done = 0;
    for (const [series, value] of part.series) {
      const before = totals.get(series);
      totals.set(series, before === undefined ? value : add(before, value));
      if (isMean(metric, series)) counts.set(series, (counts.get(series) ?? 0) + 1);
      if (++done % 1_000 === 0) await pace.rest();
    }
    await pace.rest();
  }
  for (const [series, count] of counts) totals.set(series, (totals.get(series) ?? NaN) / count);
  return totals;
}

/** Quantiles of several processes have no sum; their mean is the usual makeshift. */
const isMean = (metric: AppMetric, series: string): boolean =>
  metric.aggregator === 'average' || (metric.aggregator === 'sum' && isQuantile(metric, series));

function adder({ aggregator }: AppMetric): (one: number, other: number) => number {
  if (aggregator === 'min') return Math.min;
  if (aggregator === 'max') return Math.max;
  if (aggregator === 'first') return (first) => first;
  return (one, other) => one + other;
}

async function raise(
  metric: AppMetric,
  series: Map<string, number>,
  last: AppMetric,
  pace: Pace,
): Promise<void> {
  let done = 0;
  for (const [name, value] of series) {
    const before = last.series.get(name);
    if (before !== undefined && before > value && !isQuantile(metric, name))
      series.set(name, before);
    if (++done % 1_000 === 0) await pace.rest();
  }
}

/**
 * `gone` with the totals of one more process that is gone: no gauges, averages or quantiles. New
 * series beyond `maxSeries` in all are dropped.
 */
export function fold(
  gone: AppSnapshot,
  ended: AppSnapshot,
  maxSeries: number,
): { readonly folded: AppSnapshot; readonly dropped: number } {
  const folded = new Map(gone);
  let dropped = 0;
  let room = maxSeries - [...gone.values()].reduce((sum, { series }) => sum + series.size, 0);
  for (const [name, metric] of ended) {
    if (metric.type === 'gauge' || ['average', 'omit'].includes(metric.aggregator)) continue;
    const before = folded.get(name);
    const series = new Map(before && isSame(before, metric) ? before.series : []);
    const add = adder(metric);
    for (const [text, value] of metric.series) {
      if (isQuantile(metric, text)) continue;
      const total = series.get(text);
      if (total === undefined && room-- <= 0) {
        dropped++;
        continue;
      }
      series.set(text, total === undefined ? value : add(total, value));
    }
    folded.set(name, { ...metric, series });
  }
  return { folded, dropped };
}
