// The monitor's own metrics. Values are read when Prometheus asks; only events (forks, exits, reforks) are counted as
// they happen. Labels are bounded: slots and roles, never pids or generations.
import type { Latency } from './latency.js';
import type { Memory } from './memory.js';
import type { MetricSnapshot } from '../message.js';

/** The current numbers, taken once for each scrape. */
export interface MetricsReading {
  readonly generation: number;
  readonly phase: number;
  /** How many workers are in each state, for example { starting: 1, serving: 3, leaving: 0 }. Name all, zero or not. */
  readonly workers: Readonly<Record<string, number>>;
  /** Since the monitor started, over live and gone workers (totals.ts). */
  readonly requests: number;
  readonly latency: Latency;
  readonly inFlight: number;
  readonly eventLoopLag: readonly { readonly slot: number; readonly seconds: number }[];
  /** `slot` is null for the monitor and molds. */
  readonly memory: readonly {
    readonly role: 'monitor' | 'mold' | 'worker';
    readonly slot: number | null;
    readonly memory: Memory;
  }[];
  readonly logLinesDropped: number;
  /** The app's metrics over all workers (app-metrics.ts). */
  readonly app: MetricSnapshot;
}

export interface MetricsSource {
  read(): Promise<MetricsReading>;
}

export interface Metrics {
  /** A fork took that long, in seconds. */
  forked(seconds: number): void;
  /** A worker ended; `reason` is one of a few words or signal names, for example 'drained', 'code', 'SIGKILL'. */
  exited(reason: string): void;
  /** A refork ended. */
  reforked(result: 'success' | 'failure', seconds: number): void;
  /** The Prometheus text. */
  collect(): Promise<string>;
}

export declare function createMetrics(source: MetricsSource): Metrics;
