// All messages between the monitor and its children. Reports are facts, orders are imperatives;
// each is one line of JSON and safe to receive twice. Descriptors accompany only `boot` and `spawn`
// (see channel.ts).
import type { RequestInfo, Role } from '../api/hooks.js';
import type { Trial } from './trial.js';
import type { Finding } from './finding.js';
import type { Latency } from './latency.js';
import type { OptionDigests } from './restart-options.js';

/** prom-client's JSON of a registry; opaque here. */
export type MetricSnapshot = unknown[];

/** Monitor to child. */
export type Order =
  /**
   * To a fresh process: load the configuration and the app, and become the mold of a new phase; or,
   * where the app cannot be forked, the service worker, or a worker with a slot and its listening
   * sockets.
   */
  | {
      type: 'boot';
      file: string;
      overrides: object;
      phase: number;
      generation: number;
      role: Role;
      slot: number | null;
    }
  /**
   * To a mold: fork a worker, or without a slot the service worker. The first descriptor is its
   * channel; a worker's listening sockets follow.
   */
  | { type: 'spawn'; id: number; slot: number | null }
  /** To a worker: become the mold of this generation. */
  | { type: 'promote'; generation: number }
  /** To a worker: finish the requests in flight and exit. */
  | { type: 'drain' }
  /** To a worker: the server is about to stop; keep serving until the order to drain. */
  | { type: 'announceStop' }
  /** To a worker: collect garbage now. */
  | { type: 'collectGarbage' }
  /** To a mold: exit, as the last process of its phase or as one with successors. */
  | { type: 'retire'; last: boolean }
  /** To a worker: prove that a fork works (`pitchfork-ts check`). */
  | { type: 'exercise' }
  /** To a worker: report its current activity. */
  | { type: 'trace' }
  /** To a worker: report the app's metrics. */
  | { type: 'measure'; request: number };

/** A worker's counts; all totals are since its fork. */
export interface Figures {
  requests: number;
  inFlight: number;
  latency: Latency;
  /** The largest delay of its event loop since the last report, in seconds. */
  eventLoopLagSeconds: number;
}

/** The request in flight that is closest to its deadline, or furthest past it. */
export interface RequestDeadline extends RequestInfo {
  /** The time left until `requestTimeout`; negative after it. */
  readonly leftMs: number;
}

/** Child to monitor. */
export type Report =
  /** A newborn's first report. */
  | { type: 'born'; pid: number }
  /** A booted process has loaded the configuration: digests of what it read, by option. */
  | { type: 'configured'; options: OptionDigests }
  /** A worker accepts connections, or the service worker has started its work. */
  | { type: 'serving' }
  | { type: 'heartbeat'; figures: Figures; urgent: RequestDeadline | null }
  /** A request has exceeded `requestTimeout`; reported at most once by each worker. */
  | { type: 'overran'; request: RequestDeadline }
  /** The current activity: active resources by type, and the oldest requests. */
  | { type: 'traced'; resources: Record<string, number>; requests: RequestInfo[] }
  /** The JavaScript stack of a blocked event loop, sent by the watchdog (native/watchdog.cc). */
  | { type: 'stuck'; stack: string }
  /** A worker under promotion has no clients left; these are its last totals. */
  | { type: 'drained'; figures: Figures; metrics: MetricSnapshot | null }
  /** Findings that do not prevent the fork. */
  | { type: 'audited'; findings: Finding[] }
  /** The audit refuses the fork. The process keeps serving, or exits. */
  | { type: 'refused'; findings: Finding[]; leaves: boolean }
  /** The app has declared that its process must no longer become a mold. */
  | { type: 'unsafe'; reason: string }
  /** A mold has cut these connections of the app, so that no two processes share one. */
  | { type: 'cut'; count: number; connections: string[] }
  /** A mold is about to block; from now on it can fork. */
  | { type: 'frozen' }
  /** A mold has forked. */
  | { type: 'forked'; id: number; pid: number; durationMs: number }
  /** A mold could not fork; it can be ordered to try again. */
  | { type: 'forkFailed'; id: number; reason: string; stack: string | null }
  /** This process cannot continue in its role, and exits. */
  | { type: 'failed'; step: string; reason: string; stack: string | null }
  /** A mold, or a child not yet serving, exits in response to a signal or an order. */
  | { type: 'dismissed' }
  /** The last totals of a worker that is about to exit. */
  | { type: 'leaving'; figures: Figures; metrics: MetricSnapshot | null; cut: number }
  /** The results of `exercise`; `draws` are random values, by generator. */
  | { type: 'exercised'; trials: Trial[]; draws: Record<string, string>; findings: Finding[] }
  /** The app's metrics; null if they could not be collected. */
  | { type: 'measured'; request: number; metrics: MetricSnapshot | null }
  /**
   * A message for operators; the monitor logs it together with the fields of this process.
   */
  | {
      type: 'note';
      level: 'info' | 'warn' | 'error';
      text: string;
      reason?: string;
      stack: string | null;
    };
