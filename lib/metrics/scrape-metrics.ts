// The metrics that are read at a scrape. Adding one takes an entry in the table below and, unless
// it is there already, a field of the reading. Labels are bounded: slots and roles, never pids or
// generations.
import type { Role } from '../api/hooks.js';
import { latencyBoundsSeconds, type Latency } from '../protocol/latency.js';
import type { Descriptors } from '../system/proc/descriptors.js';
import type { Memory } from '../system/proc/process-memory.js';
import type { AppMetric } from './app-snapshot.js';
import type { MetricJson, MetricType, MetricValue } from './metric-json.js';

/** The current numbers, taken once per scrape. */
export interface MetricsReading {
  /** The highest generation that serves; 0 before the first. */
  readonly generation: number;
  readonly phase: number;
  /** The number of workers that there should be. */
  readonly wanted: number;
  /** Number of workers by state, zeros included: { starting: 1, serving: 3, leaving: 0 }. */
  readonly workers: Readonly<Record<string, number>>;
  /** Requests answered since the monitor started, by live and gone workers (totals.ts). */
  readonly requests: number;
  /** Durations of the same requests. */
  readonly latency: Latency;
  /** Requests begun and not ended, over all workers. */
  readonly inFlight: number;
  /** The largest delay between two heartbeats, per serving worker. */
  readonly eventLoopLag: readonly { readonly slot: number; readonly seconds: number }[];
  /** `slot` is null for all but workers. Processes with the same role and slot are added up. */
  readonly memory: readonly {
    readonly role: 'monitor' | Role;
    readonly slot: number | null;
    readonly memory: Memory;
  }[];
  readonly descriptors: readonly {
    readonly role: 'monitor' | Role;
    readonly slot: number | null;
    readonly descriptors: Descriptors;
  }[];
  /** Log lines lost since the monitor started. */
  readonly logLinesDropped: number;
  /** Series of the app's metrics lost since the monitor started. */
  readonly appSeriesDropped: number;
  /** The app's metrics over all workers (app-metrics.ts). */
  readonly app: readonly AppMetric[];
}

interface ReadMetric {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly values: (reading: MetricsReading, name: string) => readonly MetricValue[];
}

const readMetrics: readonly ReadMetric[] = [
  {
    name: 'pitchfork_workers',
    type: 'gauge',
    help: 'Workers, by state.',
    values: ({ workers }) =>
      Object.entries(workers).map(([state, value]) => ({ labels: { state }, value })),
  },
  {
    name: 'pitchfork_workers_wanted',
    type: 'gauge',
    help: 'Workers that there should be.',
    values: ({ wanted }) => single(wanted),
  },
  {
    name: 'pitchfork_generation',
    type: 'gauge',
    help: 'Current generation.',
    values: ({ generation }) => single(generation),
  },
  {
    name: 'pitchfork_phase',
    type: 'gauge',
    help: 'Current phase.',
    values: ({ phase }) => single(phase),
  },
  {
    name: 'pitchfork_requests_in_flight',
    type: 'gauge',
    help: 'Requests in flight.',
    values: ({ inFlight }) => single(inFlight),
  },
  {
    name: 'pitchfork_event_loop_lag_seconds',
    type: 'gauge',
    help: 'Maximum event loop delay between the last two heartbeats, by slot.',
    values: ({ eventLoopLag }) =>
      eventLoopLag.map(({ slot, seconds }) => ({ labels: { slot: String(slot) }, value: seconds })),
  },
  {
    name: 'pitchfork_process_memory_bytes',
    type: 'gauge',
    help: 'Process memory, by role, slot and kind. Shared pages count in full except in pss.',
    values: ({ memory }) =>
      memory.flatMap(({ role, slot, memory }) =>
        Object.entries(memory).map(([kind, value]: [string, number]) => ({
          labels: { ...processLabels({ role, slot }), kind },
          value,
        })),
      ),
  },
  {
    name: 'pitchfork_process_open_fds',
    type: 'gauge',
    help: 'Open file descriptors, by role and slot.',
    values: ({ descriptors }) =>
      descriptors.map(({ descriptors: { open }, ...process }) => ({
        labels: processLabels(process),
        value: open,
      })),
  },
  {
    name: 'pitchfork_process_max_fds',
    type: 'gauge',
    help: 'Maximum number of open file descriptors, by role and slot.',
    values: ({ descriptors }) =>
      descriptors.map(({ descriptors: { limit }, ...process }) => ({
        labels: processLabels(process),
        value: limit,
      })),
  },
  {
    name: 'pitchfork_requests_total',
    type: 'counter',
    help: 'Requests answered.',
    values: ({ requests }) => single(requests),
  },
  {
    name: 'pitchfork_log_dropped_total',
    type: 'counter',
    help: 'Log lines dropped.',
    values: ({ logLinesDropped }) => single(logLinesDropped),
  },
  {
    name: 'pitchfork_app_series_dropped_total',
    type: 'counter',
    help: "Series of the app's metrics dropped when their worker exited: too many labels.",
    values: ({ appSeriesDropped }) => single(appSeriesDropped),
  },
  {
    name: 'pitchfork_http_request_duration_seconds',
    type: 'histogram',
    help: 'Time from the call of the handler to the end of the response.',
    values: ({ latency }, name) => histogram(name, latency),
  },
];

/** Every metric of the table, for one reading. Values with the same labels are still separate. */
export function valuesAt(reading: MetricsReading): MetricJson[] {
  return readMetrics.map(({ name, type, help, values }) => ({
    ...{ name, type, help, aggregator: 'sum' },
    values: values(reading, name),
  }));
}

const processLabels = ({ role, slot }: { role: string; slot: number | null }) => ({
  role,
  slot: slot === null ? '' : String(slot),
});

function single(value: number): MetricValue[] {
  return [{ labels: {}, value }];
}

/** Made by hand, since prom-client's Histogram only takes single observations. */
function histogram(name: string, { counts, sumSeconds }: Latency): MetricValue[] {
  let total = 0;
  const buckets = [...latencyBoundsSeconds, '+Inf'].map((bound, bucket): MetricValue => {
    total += counts[bucket] ?? 0;
    return { metricName: `${name}_bucket`, labels: { le: bound }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: {}, value: sumSeconds },
    { metricName: `${name}_count`, labels: {}, value: total },
  ];
}
