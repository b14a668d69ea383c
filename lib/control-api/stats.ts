// The answer to GET /stats: the state of every process at one instant. Memory is in bytes,
// durations are in seconds; a field that is not known yet (a worker that has not reported, a
// process that has just exited) is null.
import type { Memory } from '../system/process-memory.js';

export interface MoldStats {
  readonly pid: number;
  readonly generation: number;
  readonly phase: number;
  /** Frozen, able to fork. */
  readonly ready: boolean;
}

export interface WorkerStats {
  readonly slot: number;
  readonly pid: number;
  readonly generation: number;
  readonly phase: number;
  /** Accepts connections. */
  readonly ready: boolean;
  /** Answered since its fork. */
  readonly requests: number;
  readonly inFlight: number;
  /** Requests that wait for their turn in this worker. */
  readonly backlog: number;
  /** Seconds since it was ordered. */
  readonly age: number;
  /** Seconds since it last reported. */
  readonly heartbeatAge: number | null;
  /** The largest delay of its event loop between its last two reports, in seconds. */
  readonly eventLoopLag: number | null;
  readonly memory: Memory | null;
}

/** `ready` once its first hook is done, until it leaves. */
export type ServiceStats = Omit<WorkerStats, 'slot' | 'requests' | 'inFlight' | 'backlog'>;

export interface ReforkStats {
  /**
   * 'idle' when no rollout of any kind is under way; otherwise a word for the step that it is at.
   */
  readonly state: string;
  /** Why the last rollout failed; null once one has succeeded since. */
  readonly lastError: string | null;
  /** Why workers are booted afresh instead of forked; null while they are forked. */
  readonly unforkable: string | null;
  /** ISO 8601, of the last rollout; null before the first. */
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface Stats {
  /** The monitor's. */
  readonly pid: number;
  readonly phase: number;
  readonly generation: number;
  /** Hot restarts since the server was started. */
  readonly restarts: number;
  readonly shuttingDown: boolean;
  readonly mold: MoldStats | null;
  /** One entry per slot: the worker that serves it. */
  readonly workers: readonly WorkerStats[];
  /** Those that drain. */
  readonly leaving: readonly WorkerStats[];
  /** null where there is none, at the moment or at all. */
  readonly service: ServiceStats | null;
  readonly refork: ReforkStats;
  /** For example { 'pitchfork-ts': '1.0.0', node: '20.20.2' }. */
  readonly versions: Readonly<Record<string, string>>;
}
