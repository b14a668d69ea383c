// The app's metrics of one process, validated: they come from processes that run the user's code.
// Invalid parts are left out, as they must not fail a scrape, nor pass for other metrics in it.
import type { MetricSnapshot } from '../protocol/message.js';
import { isRecord } from '../base/is-record.js';
import type { Pace } from '../base/pace.js';
import { decodeValue, encodeValue, type SnapshotMetric } from '../protocol/metric-snapshot.js';
import { aggregators, metricTypes, type Aggregator, type MetricType } from './metric-json.js';

export interface AppMetric {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  /** The rule for merging workers; 'sum' by default. */
  readonly aggregator: Aggregator;
  /** Values by the text after the name, as in metric-snapshot.ts. */
  readonly series: ReadonlyMap<string, number>;
}

/** Metrics by name. Never changed once it is there: a scrape reads it over several turns. */
export type AppSnapshot = ReadonlyMap<string, AppMetric>;

/** Reserved for the monitor's metrics. */
const reservedPrefix = 'pitchfork_';
/** Prometheus, data model. */
const nameSyntax = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const label = String.raw`([a-zA-Z_][a-zA-Z0-9_]*)="(?:[^"\\\n]|\\[\\"n])*"`;
const seriesSyntax = new RegExp(
  String.raw`^(_bucket|_sum|_count)?(?:\{${label}(?:,${label})*\})?$`,
);
const labels = new RegExp(label, 'g');

/** `known` has series that are valid already. */
export function readSnapshot(snapshot: MetricSnapshot, ...known: AppSnapshot[]): AppSnapshot {
  const metrics = new Map<string, AppMetric>();
  for (const found of snapshot) {
    const metric = readMetric(found, known);
    if (metric && !metrics.has(metric.name)) metrics.set(metric.name, metric);
  }
  return metrics;
}

function readMetric(found: unknown, known: readonly AppSnapshot[]): AppMetric | undefined {
  if (!isRecord(found)) return undefined;
  const { name, help, series, values } = found;
  const type = metricTypes.find((one) => one === found['type']);
  const aggregator = aggregators.find((one) => one === found['aggregator']);
  if (typeof name !== 'string' || !nameSyntax.test(name) || name.startsWith(reservedPrefix))
    return undefined;
  if (!type || !aggregator || typeof help !== 'string') return undefined;
  if (!Array.isArray(series) || !Array.isArray(values)) return undefined;
  const maps = known.flatMap((one) => one.get(name)?.series ?? []);
  const valid = new Map<string, number>();
  for (const [index, text] of (series as unknown[]).entries()) {
    const value = decodeValue(values[index]);
    if (typeof text !== 'string' || value === undefined) continue;
    if (maps.some((map) => map.has(text)) || isSeries(text, type)) valid.set(text, value);
  }
  return { name, help, type, aggregator, series: valid };
}

/** Prometheus refuses a whole scrape for one label that is there twice. */
function isSeries(text: string, type: MetricType): boolean {
  const match = seriesSyntax.exec(text);
  if (!match || (match[1] !== undefined && type !== 'histogram' && type !== 'summary'))
    return false;
  let last = '';
  for (const [, name = ''] of text.matchAll(labels)) {
    if (name <= last) return false;
    last = name;
  }
  return true;
}

/** A summary's own values; they cannot be added up, and mean nothing once the process is gone. */
export const isQuantile = ({ type }: AppMetric, series: string): boolean =>
  type === 'summary' && !series.startsWith('_');

/** The Prometheus text, format 0.0.4. */
export async function textOf(metrics: Iterable<AppMetric>, pace: Pace): Promise<string> {
  let text = '';
  for (const { name, help, type, series } of metrics) {
    const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    text += `\n# HELP ${name} ${escaped}\n# TYPE ${name} ${type}\n`;
    let lines = 0;
    for (const [labels, value] of series) {
      text += `${name}${labels} ${numberText(value)}\n`;
      if (++lines % 1_000 === 0) await pace.rest();
    }
    await pace.rest();
  }
  return text;
}

function numberText(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

/** Plain data, for the next program of a hot restart; `readSnapshot` reads it. */
export const recordOf = (metrics: AppSnapshot): SnapshotMetric[] =>
  [...metrics.values()].map(({ series, ...metric }) => ({
    ...metric,
    series: [...series.keys()],
    values: [...series.values()].map(encodeValue),
  }));
