// Metrics in the form of prom-client's getMetricsAsJSON(), validated: a record of them may stem
// from another release. Invalid metrics are left out, as they must not fail a scrape.
import { isRecord } from '../base/is-record.js';

export interface MetricValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /**
   * For histograms and summaries: the name with the suffix _bucket, _sum or _count; absent for
   * quantiles.
   */
  readonly metricName?: string;
}

export const metricTypes = ['counter', 'gauge', 'histogram', 'summary'] as const;
export type MetricType = (typeof metricTypes)[number];

export const aggregators = ['sum', 'first', 'min', 'max', 'average', 'omit'] as const;
export type Aggregator = (typeof aggregators)[number];

export interface MetricJson {
  readonly name: string;
  /** The name, if the app gave no text. */
  readonly help: string;
  readonly type: MetricType;
  /** The rule for merging workers; 'sum' by default. */
  readonly aggregator: Aggregator;
  readonly values: readonly MetricValue[];
}

/** Names of metrics and labels (Prometheus, data model). */
const nameSyntax = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** The valid ones of these metrics, with their valid values. */
export function parseMetrics(snapshot: readonly unknown[]): MetricJson[] {
  return snapshot.flatMap((metric) => parseMetric(metric) ?? []);
}

function parseMetric(metric: unknown): MetricJson | undefined {
  if (!isRecord(metric)) return undefined;
  const { name, help, values } = metric;
  const type = metricTypes.find((known) => known === metric['type']);
  const aggregator = aggregators.find((known) => known === (metric['aggregator'] ?? 'sum'));
  if (!isName(name) || !type || !aggregator || !Array.isArray(values)) return undefined;
  return {
    name,
    help: typeof help === 'string' ? help : name,
    type,
    aggregator,
    values: values.flatMap((value: unknown) => parseValue(value) ?? []),
  };
}

function parseValue(found: unknown): MetricValue | undefined {
  if (!isRecord(found)) return undefined;
  const { value, metricName } = found;
  const labels = parseLabels(found['labels']);
  if (!labels || typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (metricName === undefined) return { value, labels };
  return isName(metricName) ? { value, labels, metricName } : undefined;
}

function parseLabels(found: unknown): MetricValue['labels'] | undefined {
  if (!isRecord(found)) return found === undefined ? {} : undefined;
  const labels: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(found)) {
    if (!isName(name)) return undefined;
    labels[name] = typeof value === 'number' ? value : String(value);
  }
  return labels;
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && nameSyntax.test(value);
