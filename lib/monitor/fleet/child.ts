// What the monitor knows of one child.
import type { Role } from '../../api/hooks.js';
import { emptyLatency } from '../../protocol/latency.js';
import type { Figures, RequestDeadline } from '../../protocol/message.js';

export type ChildState =
  /** A fresh process that loads the app; a mold once frozen. */
  | 'booting'
  /** Ordered from a mold, not heard of yet. */
  | 'spawning'
  /** Born, runs its hooks, does not accept yet. */
  | 'starting'
  /** The service worker: does its work. */
  | 'serving'
  /** A worker that was told to become a mold: drains, then compacts. */
  | 'promoting'
  /** A mold that can fork. */
  | 'frozen'
  /** Was told to leave, or leaves. */
  | 'leaving'
  /** Was sent SIGKILL or the like. */
  | 'killed';

export interface Child {
  readonly id: number;
  role: Role;
  state: ChildState;
  /** null for a mold and the service worker. */
  slot: number | null;
  generation: number;
  readonly phase: number;
  pid: number | null;
  /** When it entered its state. All times are monotonic milliseconds. */
  stateSince: number;
  readonly createdAt: number;
  lastHeard: number;
  figures: Figures;
  /** As its last heartbeat told, and when. */
  nextDeadline: (RequestDeadline & { at: number }) | null;
  /** A request took longer than it may: to be replaced. */
  requestTimedOut: boolean;
  /** When it was asked what keeps its event loop from turning, which it has not turned since. */
  stackRequestedAt: number | null;
  /** What it answered. */
  stack: string | null;
  /** The number of workers that its share of the listening queues was computed for. */
  readonly workersAtSpawn: number;
  /** How many queues there were then. */
  readonly queues: number;
  /** The mold that was ordered to fork it; null for a fresh process. */
  readonly parent: number | null;
  /** A mold whose first worker stayed healthy: every slot may be forked from it. */
  proven: boolean;
  /** Orders in a row that a mold could not carry out. */
  failedForks: number;
  /** Its channel ended: it is dead or as good as dead. */
  hungUpAt: number | null;
  /** Why it leaves or left, in its own words or the monitor's. */
  reason: string | null;
  startFailed: boolean;
  /** Why it must not become a mold, in the app's words. */
  unsafeReason: string | null;
  /** A worker above `maxWorkerMemory`: outdated, whatever its generation. */
  aboveMemoryLimit: boolean;
  /** It was told that the server is to stop. */
  stopAnnounced: boolean;
}

/** It has not been of any use yet. */
export const isStarting = (child: Child): boolean =>
  child.state === 'booting' || child.state === 'spawning' || child.state === 'starting';

/** What is known of it when it is ordered. */
export type MadeChild = Pick<Child, 'role' | 'state' | 'slot' | 'generation' | 'phase' | 'parent'>;

/** `fleet` as it is now: the worker's share of the queues is computed for it. */
export function newChild(
  id: number,
  made: MadeChild,
  fleet: { readonly workers: number; readonly queues: number },
  now: number,
): Child {
  return {
    ...made,
    id,
    pid: null,
    stateSince: now,
    createdAt: now,
    lastHeard: now,
    figures: { requests: 0, inFlight: 0, latency: emptyLatency(), eventLoopLagSeconds: 0 },
    nextDeadline: null,
    requestTimedOut: false,
    stackRequestedAt: null,
    stack: null,
    workersAtSpawn: fleet.workers,
    queues: fleet.queues,
    proven: false,
    failedForks: 0,
    hungUpAt: null,
    reason: null,
    startFailed: false,
    unsafeReason: null,
    aboveMemoryLimit: false,
    stopAnnounced: false,
  };
}
