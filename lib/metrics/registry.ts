// The metrics of the server: read at a scrape (scrape-metrics.ts), counted as they happen
// (event-metrics.ts) and the app's own, as one Prometheus text.
import { AggregatorRegistry, Registry } from 'prom-client';
import { Pace } from '../base/pace.js';
import { textOf } from './app-snapshot.js';
import { countEvents, type Events } from './event-metrics.js';
import { parseMetrics, type MetricJson } from './metric-json.js';
import { valuesAt, type MetricsReading } from './scrape-metrics.js';

export interface MetricsSource {
  /** Called once per scrape. */
  read(): Promise<MetricsReading>;
}

export interface Metrics extends Events {
  /**
   * The Prometheus text, format 0.0.4. Concurrent callers share the result. Rejects if the source
   * does.
   */
  collect(): Promise<string>;
  /** The counted events, for the next program of a hot restart. Waits for no I/O. */
  record(): Promise<MetricJson[]>;
}

/** `before`: the record of the previous program. */
export function createMetrics(source: MetricsSource, before: readonly MetricJson[] = []): Metrics {
  const counted = new Registry();
  const record = async (): Promise<MetricJson[]> => {
    const now = parseMetrics(await counted.getMetricsAsJSON());
    // The texts of this program come first, and prevail.
    return parseMetrics(AggregatorRegistry.aggregate([now, [...before]]).getMetricsAsArray());
  };
  const collect = async (): Promise<string> => {
    const reading = await source.read();
    const own = AggregatorRegistry.aggregate([valuesAt(reading), await record()]);
    const names = new Set(own.getMetricsAsArray().map(({ name }) => name));
    const app = reading.app.filter(({ name }) => !names.has(name));
    return (await own.metrics()) + (await textOf(app, new Pace()));
  };
  let collecting: Promise<string> | null = null;
  return {
    ...countEvents(counted),
    record,
    collect: () => (collecting ??= collect().finally(() => (collecting = null))),
  };
}
