// A metric in the form of prom-client's getMetricsAsJSON(), checked: it comes from processes that
// run the user's code and whichever version of prom-client they have. What does not fit is left
// out; it must not fail a scrape.
import type { MetricSnapshot } from '../protocol/message.js';

export interface MetricValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /**
   * Of a histogram or summary: its name with _bucket, _sum or _count; absent for a summary's
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
  readonly help: string;
  readonly type: MetricType;
  readonly aggregator: Aggregator;
  readonly values: readonly MetricValue[];
}

const nameSyntax = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

export function parseMetrics(snapshot: MetricSnapshot): MetricJson[] {
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

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
