// Everything that processes say to each other. Reports are facts, orders are imperatives; each is
// one line of JSON and safe to receive twice. Descriptors travel only with `spawn` (see
// channel.ts).
import type { RequestInfo, Role } from '../api/hooks.js';
import type { Trial } from './trial.js';
import type { Finding } from './finding.js';
import type { Latency } from './latency.js';

/** prom-client's JSON of a registry; opaque here. */
export type MetricSnapshot = unknown[];

/** Monitor to child. */
export type Order =
  /**
   * To a fresh process: load configuration and app, become the mold of a new phase; or, where the
   * app cannot be forked, the service worker, or a worker, with a slot and its listening sockets.
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
   * To a mold: fork a worker, or without a slot the service worker. Its channel is the first
   * descriptor, a worker's listening sockets follow.
   */
  | { type: 'spawn'; id: number; slot: number | null }
  /** To a worker: become the mold of this generation. */
  | { type: 'promote'; generation: number }
  /** To a worker: finish what is in flight and leave. */
  | { type: 'drain' }
  /** To a worker: the server is to stop; serve on until told to leave. */
  | { type: 'announceStop' }
  /** To a worker: collect garbage now. */
  | { type: 'collectGarbage' }
  /** To a mold: leave; as the last process of its phase, or as one that has successors. */
  | { type: 'retire'; last: boolean }
  /** To a worker: show that a fork can live (`pitchfork-ts check`). */
  | { type: 'exercise' }
  /** To a worker: tell what it is busy with. */
  | { type: 'trace' }
  /** To a worker: report the app's metrics. */
  | { type: 'measure'; request: number };

/** What a worker counts; all totals are since its fork. */
export interface Figures {
  requests: number;
  inFlight: number;
  latency: Latency;
  /** The largest delay of its event loop since the last report, in seconds. */
  eventLoopLagSeconds: number;
}

/** The request in flight that is nearest to its deadline, or furthest beyond it. */
export interface RequestDeadline extends RequestInfo {
  /** Until `requestTimeout`; negative beyond it. */
  readonly leftMs: number;
}

/** Child to monitor. */
export type Report =
  /** A newborn's first word. */
  | { type: 'born'; pid: number }
  /** A worker accepts. */
  | { type: 'serving' }
  | { type: 'heartbeat'; figures: Figures; urgent: RequestDeadline | null }
  /** A request is older than `requestTimeout`; told once by each worker. */
  | { type: 'overran'; request: RequestDeadline }
  /** What keeps it busy: resources by their type, and the oldest requests. */
  | { type: 'traced'; resources: Record<string, number>; requests: RequestInfo[] }
  /** The JavaScript that runs just now, told from within it (native/watchdog.cc). */
  | { type: 'stuck'; stack: string }
  /** A worker to be promoted has parted from all its clients; these are its last totals. */
  | { type: 'drained'; figures: Figures; metrics: MetricSnapshot | null }
  /** What the audit of a process that can be forked found besides. */
  | { type: 'audited'; findings: Finding[] }
  /** The audit found what cannot be forked. The process serves on, or leaves. */
  | { type: 'refused'; findings: Finding[]; leaves: boolean }
  /** The app says that its process must not become a mold any more. */
  | { type: 'unsafe'; reason: string }
  /** A mold parted from these peers of the app's, so that no two processes share a connection. */
  | { type: 'cut'; count: number; connections: string[] }
  /** A mold is about to block; it can fork from now on. */
  | { type: 'frozen' }
  /** A mold forked. */
  | { type: 'forked'; id: number; pid: number; durationMs: number }
  /** A mold could not fork; it can be asked again. */
  | { type: 'forkFailed'; id: number; reason: string; stack: string | null }
  /** This process cannot go on in its role, and leaves. */
  | { type: 'failed'; step: string; reason: string; stack: string | null }
  /** A mold, or a worker that does not serve yet, leaves because a signal told it to. */
  | { type: 'dismissed' }
  /** A leaving worker's last totals. */
  | { type: 'leaving'; figures: Figures; metrics: MetricSnapshot | null; cut: number }
  /** What came of it; `draws` are random values, by generator. */
  | { type: 'exercised'; trials: Trial[]; draws: Record<string, string>; findings: Finding[] }
  /** What the app counts; null if that could not be collected. */
  | { type: 'measured'; request: number; metrics: MetricSnapshot | null }
  /**
   * Something an operator should read; the monitor writes it to the log with this process's name.
   */
  | {
      type: 'note';
      level: 'info' | 'warn' | 'error';
      text: string;
      reason?: string;
      stack: string | null;
    };
