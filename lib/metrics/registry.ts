// The monitor's own metrics. Values are read when Prometheus asks; only events (forks, exits,
// reforks) are counted as they happen. Labels are bounded: slots and roles, never pids or
// generations.
import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Role } from '../api/hooks.js';
import { latencyBoundsSeconds, type Latency } from '../protocol/latency.js';
import type { Memory } from '../system/process-memory.js';
import { parseMetrics, type MetricJson, type MetricValue } from './metric-json.js';

/** The current numbers, taken once for each scrape. */
export interface MetricsReading {
  readonly generation: number;
  readonly phase: number;
  /**
   * How many workers are in each state, for example { starting: 1, serving: 3, leaving: 0 }. Name
   * all, zero or not.
   */
  readonly workers: Readonly<Record<string, number>>;
  /** Since the monitor started, over live and gone workers (totals.ts). */
  readonly requests: number;
  readonly latency: Latency;
  readonly inFlight: number;
  readonly eventLoopLag: readonly { readonly slot: number; readonly seconds: number }[];
  /** `slot` is null for all but workers. Those of one role and slot are added up. */
  readonly memory: readonly {
    readonly role: 'monitor' | Role;
    readonly slot: number | null;
    readonly memory: Memory;
  }[];
  readonly logLinesDropped: number;
  /** The app's metrics over all workers (app-metrics.ts). */
  readonly app: readonly MetricJson[];
}

export interface MetricsSource {
  read(): Promise<MetricsReading>;
}

export interface Metrics {
  /** A fork took that long, in seconds. */
  forked(seconds: number): void;
  /**
   * A worker ended; `reason` is one of a few words or signal names, for example 'drained', 'code',
   * 'SIGKILL'.
   */
  exited(reason: string): void;
  /** A process was not forked because of `subject`, for example the name of a package. */
  refused(subject: string): void;
  /** A rollout ended. */
  rolledOut(
    kind: 'refork' | 'phased restart',
    result: 'success' | 'failure',
    seconds: number,
  ): void;
  /** The Prometheus text. */
  collect(): Promise<string>;
  /** What was counted here, for the next program of a hot restart. Waits for no I/O. */
  record(): Promise<MetricJson[]>;
}

const forkBoundsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const reforkBoundsSeconds = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** `before`: what the program before this one counted. */
export function createMetrics(source: MetricsSource, before: readonly MetricJson[] = []): Metrics {
  const readings = new Registry();
  const counted = new Registry();
  let reading: MetricsReading | undefined;
  registerReadings([readings], () => reading);
  const events = registerEvents([counted]);
  const record = async (): Promise<MetricJson[]> => {
    const now = parseMetrics(await counted.getMetricsAsJSON());
    return parseMetrics(AggregatorRegistry.aggregate([[...before], now]).getMetricsAsArray());
  };
  return {
    ...events,
    async collect() {
      const current = await source.read();
      reading = current;
      const own = await readings.metrics();
      const shared = AggregatorRegistry.aggregate([
        await record(),
        [latencyMetric(current.latency)],
        [...current.app],
      ]);
      return [own, await shared.metrics()].join('\n');
    },
    record,
  };
}

function registerEvents(registers: Registry[]): Omit<Metrics, 'collect' | 'record'> {
  const forks = new Histogram({
    name: 'pitchfork_fork_duration_seconds',
    help: 'Time that a mold took to fork a worker.',
    buckets: forkBoundsSeconds,
    registers,
  });
  const exits = new Counter({
    name: 'pitchfork_worker_exits_total',
    help: 'Workers that ended, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const refusals = new Counter({
    name: 'pitchfork_fork_refusals_total',
    help: 'What the audit refused to fork a process for, by what it is about.',
    labelNames: ['subject'],
    registers,
  });
  const reforks = new Counter({
    name: 'pitchfork_reforks_total',
    help: 'Reforks that ended, by result.',
    labelNames: ['result'],
    registers,
  });
  const reforkDurations = new Histogram({
    name: 'pitchfork_refork_duration_seconds',
    help: 'Time from the beginning of a refork to its end.',
    buckets: reforkBoundsSeconds,
    registers,
  });
  const phasedRestarts = new Counter({
    name: 'pitchfork_phased_restarts_total',
    help: 'Phased restarts that ended, by result.',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['success', 'failure'])
    for (const counter of [reforks, phasedRestarts]) counter.inc({ result }, 0);

  return {
    forked: (seconds) => forks.observe(seconds),
    refused: (subject) => refusals.inc({ subject }),
    exited: (reason) => exits.inc({ reason }),
    rolledOut(kind, result, seconds) {
      (kind === 'refork' ? reforks : phasedRestarts).inc({ result });
      if (kind === 'refork') reforkDurations.observe(seconds);
    },
  };
}

type Read = () => MetricsReading | undefined;
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

interface Reading {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: string[];
  readonly samples: (reading: MetricsReading) => readonly Sample[];
}

const gauges: readonly Reading[] = [
  {
    name: 'pitchfork_workers',
    help: 'Workers, by state.',
    labelNames: ['state'],
    samples: ({ workers }) => Object.entries(workers).map(([state, count]) => [{ state }, count]),
  },
  {
    name: 'pitchfork_generation',
    help: 'Generation of the current mold.',
    samples: ({ generation }) => [[{}, generation]],
  },
  {
    name: 'pitchfork_phase',
    help: 'Phase of the current mold.',
    samples: ({ phase }) => [[{}, phase]],
  },
  {
    name: 'pitchfork_requests_in_flight',
    help: 'Requests that workers have begun and not ended.',
    samples: ({ inFlight }) => [[{}, inFlight]],
  },
  {
    name: 'pitchfork_event_loop_lag_seconds',
    help: 'Largest delay of the event loop between the last two reports of the worker.',
    labelNames: ['slot'],
    samples: ({ eventLoopLag }) =>
      eventLoopLag.map(({ slot, seconds }) => [{ slot: String(slot) }, seconds]),
  },
  {
    name: 'pitchfork_process_memory_bytes',
    help: 'Memory of each process. Shared pages count wholly in rss and shared, in parts in pss.',
    labelNames: ['role', 'slot', 'kind'],
    samples: ({ memory }) =>
      memory.flatMap(({ role, slot, memory }) =>
        Object.entries(memory).map(([kind, bytes]): Sample => [
          { role, slot: slot === null ? '' : String(slot), kind },
          bytes,
        ]),
      ),
  },
];

const counters: readonly Reading[] = [
  {
    name: 'pitchfork_requests_total',
    help: 'Requests answered by all workers.',
    samples: ({ requests }) => [[{}, requests]],
  },
  {
    name: 'pitchfork_log_dropped_total',
    help: 'Lines that the monitor could not write to its log.',
    samples: ({ logLinesDropped }) => [[{}, logLinesDropped]],
  },
];

function registerReadings(registers: Registry[], read: Read): void {
  const samplesOf = ({ samples }: Reading): readonly Sample[] => {
    const reading = read();
    return reading ? samples(reading) : [];
  };
  for (const gauge of gauges)
    new Gauge({
      ...gauge,
      registers,
      collect() {
        this.reset();
        for (const [labels, value] of samplesOf(gauge)) this.inc(labels, value);
      },
    });
  for (const counter of counters)
    new Counter({
      ...counter,
      registers,
      collect() {
        this.reset();
        for (const [labels, value] of samplesOf(counter)) this.inc(labels, value);
      },
    });
}

/**
 * A prom-client Histogram can only observe; this one is observed in the workers and added up
 * already.
 */
function latencyMetric({ counts, sumSeconds }: Latency): MetricJson {
  const name = 'pitchfork_http_request_duration_seconds';
  let total = 0;
  const buckets = [...latencyBoundsSeconds, '+Inf'].map((bound, bucket): MetricValue => {
    total += counts[bucket] ?? 0;
    return { metricName: `${name}_bucket`, labels: { le: bound }, value: total };
  });
  return {
    name,
    help: 'Time from the call of the handler to the end of the response.',
    type: 'histogram',
    aggregator: 'sum',
    values: [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, value: sumSeconds },
      { metricName: `${name}_count`, labels: {}, value: total },
    ],
  };
}
