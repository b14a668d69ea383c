// The answer to GET /stats: a snapshot of all processes. Memory is in bytes, durations are in
// seconds unless their name ends in Ms; a field is null while its value is unknown, as for a worker
// that has not reported yet or a process that has just exited.
import type { Role } from '../api/hooks.js';
import type { Memory } from '../system/proc/process-memory.js';
import type { ExitReason } from './exit-reason.js';

export interface MoldStats {
  readonly pid: number;
  readonly generation: number;
  readonly phase: number;
  /** Whether it is frozen, and so able to fork. */
  readonly ready: boolean;
}

/** The way back to the code before the last phased restart. */
export interface RollbackStats {
  /** The frozen mold of the old code; null: no rollback is possible. */
  readonly mold: (MoldStats & { readonly memory: Memory | null }) | null;
  /** Time until it is given up; null during the rollout. */
  readonly endsInMs: number | null;
  /** Whether the server returns to it by itself if the new code dies. */
  readonly automatic: boolean;
  /** The reason why no rollback is possible. */
  readonly unavailable: string | null;
}

export interface WorkerStats {
  readonly slot: number;
  /** null while it is not known, and while the slot is down. */
  readonly pid: number | null;
  readonly generation: number;
  readonly phase: number;
  /** 'down': no worker serves the slot, or is about to. */
  readonly state: 'starting' | 'serving' | 'promoting' | 'leaving' | 'down';
  /** Whether it accepts connections. */
  readonly ready: boolean;
  /** Deaths in its slot in the last minute, and the age of the first of them. */
  readonly deaths: number;
  readonly deathsWithinMs: number | null;
  /** The reason of the last of these deaths, in one line. */
  readonly reason: string | null;
  /** Time until the next start, while the slot is down. */
  readonly nextTryInMs: number | null;
  /** Requests answered since its fork. */
  readonly requests: number;
  /** Requests begun and not ended. */
  readonly inFlight: number;
  /** Requests queued in this worker. */
  readonly backlog: number;
  /** Seconds since its fork was ordered; null while the slot is down. */
  readonly age: number | null;
  /** Seconds since its last heartbeat. */
  readonly heartbeatAge: number | null;
  /** Maximum event loop delay between its last two heartbeats, in seconds. */
  readonly eventLoopLag: number | null;
  readonly memory: Memory | null;
}

/** `ready` from the end of its first hook until it exits. */
export type ServiceStats = Pick<
  WorkerStats,
  'pid' | 'generation' | 'phase' | 'ready' | 'age' | 'heartbeatAge' | 'eventLoopLag' | 'memory'
>;

/** The last death of a slot. */
export interface Death {
  readonly reason: ExitReason;
  /** The reason in words: 'no heartbeat for 5000 ms (SIGKILL)'. */
  readonly text: string;
  /** null if it died before its pid was known. */
  readonly pid: number | null;
  /** ISO 8601. */
  readonly at: string;
}

/** Deaths of a slot since the server started: exits that were not asked for. */
export interface DeathStats {
  readonly role: Role;
  /** null for molds and the service worker. */
  readonly slot: number | null;
  readonly count: number;
  readonly last: Death;
}

export interface ReforkStats {
  /** 'idle', or the current step of a rollout of any kind. */
  readonly state: string;
  /** The reason why the last rollout failed; null if it succeeded. */
  readonly lastError: string | null;
  /** The reason why workers are booted instead of forked; null while they are forked. */
  readonly unforkable: string | null;
  /** Start of the last rollout, ISO 8601; null before the first. */
  readonly startedAt: string | null;
  /** End of the last rollout, ISO 8601; null while it is under way, and before the first. */
  readonly finishedAt: string | null;
}

export interface Stats {
  /** The monitor's pid. */
  readonly pid: number;
  readonly phase: number;
  readonly generation: number;
  /** Hot restarts since the server was started. */
  readonly restarts: number;
  readonly shuttingDown: boolean;
  readonly mold: MoldStats | null;
  /** One entry per slot: the worker that serves it, or a slot that is down. */
  readonly workers: readonly WorkerStats[];
  /** Workers that are draining. */
  readonly leaving: readonly WorkerStats[];
  /** null if there is none, currently or by configuration. */
  readonly service: ServiceStats | null;
  readonly refork: ReforkStats;
  /** One entry per slot with deaths, even if it is down; also of molds, and the service worker. */
  readonly deaths: readonly DeathStats[];
  readonly rollback: RollbackStats;
  /** For example { 'pitchfork-ts': '1.0.0', node: '20.20.2' }. */
  readonly versions: Readonly<Record<string, string>>;
}
