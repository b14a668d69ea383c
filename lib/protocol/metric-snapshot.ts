// The app's metrics as they travel to the monitor. A worker writes each series as Prometheus shows
// it, labels in order, so that the monitor adds up the same series of many workers by its text and
// never looks at labels. JSON has no NaN and no infinities: these values are words.
import { isRecord } from '../base/is-record.js';

export interface SnapshotMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  /** After the name: '', '{kind="a"}', '_bucket{le="0.1"}'. */
  readonly series: readonly string[];
  /** One for each series. */
  readonly values: readonly (number | string)[];
}

export const encodeValue = (value: number): number | string =>
  Number.isFinite(value) ? value : String(value);

/** Undefined for anything that `encodeValue` does not write. */
export function decodeValue(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity'
    ? Number(value)
    : undefined;
}

/**
 * Of an element of prom-client's getMetricsAsJSON(), any version; undefined if it is none. Values
 * that are no numbers are left out.
 */
export function snapshotOf(metric: unknown): SnapshotMetric | undefined {
  if (!isRecord(metric) || !Array.isArray(metric['values'])) return undefined;
  const name = String(metric['name']);
  const series: string[] = [];
  const values: (number | string)[] = [];
  for (const found of metric['values'] as unknown[]) {
    if (!isRecord(found) || typeof found['value'] !== 'number') continue;
    series.push(suffixOf(name, found['metricName']) + labelsOf(found['labels']));
    values.push(encodeValue(found['value']));
  }
  const { help = name, type, aggregator = 'sum' } = metric;
  return {
    name,
    help: String(help),
    type: String(type),
    aggregator: String(aggregator),
    series,
    values,
  };
}

/** Histograms and summaries have values of other names: _bucket, _sum and _count. */
const suffixOf = (name: string, metricName: unknown): string =>
  typeof metricName === 'string' && metricName.startsWith(name)
    ? metricName.slice(name.length)
    : '';

function labelsOf(labels: unknown): string {
  if (!isRecord(labels)) return '';
  const names = Object.keys(labels);
  if (names.length === 0) return '';
  if (names.length > 1) names.sort();
  return `{${names.map((name) => `${name}="${escapeLabel(String(labels[name]))}"`).join(',')}}`;
}

const special = /[\\"\n]/;

function escapeLabel(value: string): string {
  if (!special.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
