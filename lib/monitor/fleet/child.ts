// The monitor's knowledge of one child, and every change of it. Plain data, since a hot restart
// hands it over; other files only read it.
import type { Role } from '../../api/hooks.js';
import type { ExitReason } from '../../control-api/exit-reason.js';
import { emptyLatency } from '../../protocol/latency.js';
import type { Figures, RequestDeadline } from '../../protocol/message.js';
import type { Pid } from '../../system/own-children.js';

export type ChildState =
  /** A fresh process that loads the app; a mold once frozen. */
  | 'booting'
  /** Ordered from a mold, no report yet. */
  | 'spawning'
  /** Born, runs its hooks, does not accept yet. */
  | 'starting'
  /** Accepts connections; the service worker: does its work. */
  | 'serving'
  /** A worker ordered to become a mold: drains, then compacts. */
  | 'promoting'
  /** A mold that can fork. */
  | 'frozen'
  /** Ordered to exit, or on its way out. */
  | 'leaving'
  /** Sent SIGKILL or the like. */
  | 'killed';

interface ChildData {
  readonly id: number;
  role: Role;
  state: ChildState;
  /** null for a mold and the service worker. */
  slot: number | null;
  generation: number;
  readonly phase: number;
  pid: Pid | null;
  /** Time of the last change of state. All times are monotonic milliseconds. */
  stateSince: number;
  readonly createdAt: number;
  lastHeard: number;
  figures: Figures;
  /** The request nearest to its deadline, from the last heartbeat, and the time of that. */
  nextDeadline: (RequestDeadline & { at: number }) | null;
  /** A request exceeded its timeout: the worker is to be replaced. */
  requestTimedOut: boolean;
  /** Time of the request for its stack; null once its event loop has run since. */
  stackRequestedAt: number | null;
  /** The stack that it reported. */
  stack: string | null;
  /** The number of workers that its share of the listening queues was computed for. */
  readonly workersAtSpawn: number;
  /** The number of queues per address that the share was computed for. */
  readonly queues: number;
  /** The mold ordered to fork it; null for a fresh process. */
  readonly parent: number | null;
  /** A mold whose first worker stayed healthy: every slot may be forked from it. */
  proven: boolean;
  /** Consecutive orders that a mold could not carry out. */
  failedForks: number;
  /** The ids of the children that a mold was ordered to fork and has not answered for. */
  unansweredForks: readonly number[];
  /** Time of its channel's end: it is dead, or about to be. */
  hungUpAt: number | null;
  /** The cause of its exit, as reported by itself or by the monitor; one line. */
  reason: string | null;
  /** The monitor's reason to kill it, for the metrics; null while it has not. */
  killedFor: ExitReason | null;
  startFailed: boolean;
  /** The rule of the protocol that it broke: it is to be killed. */
  breach: string | null;
  /** The app's reason against a promotion. */
  unsafeReason: string | null;
  /** Resident memory of a process that is to become a mold; 0 until it was measured. */
  memoryBytes: number;
  /** A worker above `maxWorkerMemory`: outdated, whatever its generation. */
  aboveMemoryLimit: boolean;
  /** The app has been informed of the coming stop. */
  stopAnnounced: boolean;
}

export type Child = Readonly<ChildData>;

/** In a state before it is of use. */
export const isStarting = ({ state }: Child): boolean =>
  state === 'booting' || state === 'spawning' || state === 'starting';

/** Properties known when it is ordered. */
export type MadeChild = Pick<Child, 'role' | 'state' | 'slot' | 'generation' | 'phase' | 'parent'>;

/** `fleet` as it is now: the worker's share of the queues derives from it. */
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
    unansweredForks: [],
    hungUpAt: null,
    reason: null,
    killedFor: null,
    startFailed: false,
    breach: null,
    unsafeReason: null,
    memoryBytes: 0,
    aboveMemoryLimit: false,
    stopAnnounced: false,
  };
}

// Changes of a child. A `Child` is writable here only: TypeScript lets a readonly type stand for
// its writable one, and no other file knows the latter.

type Change = ChildData;

/** There is no way back from 'killed', whatever the child still reports. */
export function enterState(child: Change, state: ChildState, now: number): void {
  if (child.state === 'killed' && state !== 'killed') return;
  child.state = state;
  child.stateSince = now;
}

export function setPid(child: Change, pid: Pid): void {
  child.pid = pid;
}

export function setBreach(child: Change, rule: string): void {
  child.breach ??= rule;
}

/** A report arrived, of a kind that only a running event loop sends. */
export function markHeard(child: Change, now: number): void {
  child.lastHeard = now;
  forgetStack(child);
}

export function markStackRequested(child: Change, now: number): void {
  child.stackRequestedAt = now;
  child.stack = null;
}

/** Unless its event loop has run since the request. */
export function setStack(child: Change, stack: string): void {
  if (child.stackRequestedAt !== null) child.stack = stack;
}

/** The next request for its stack starts from scratch. */
export function forgetStack(child: Change): void {
  child.stackRequestedAt = child.stack = null;
}

export function setFigures(
  child: Change,
  figures: Figures,
  deadline: RequestDeadline | null,
  now: number,
): void {
  child.figures = figures;
  child.nextDeadline = deadline && { ...deadline, at: now };
}

/** The audit or the app rules out a fork; the worker may continue to serve. */
export function setUnsafe(child: Change, reason: string): void {
  child.unsafeReason = reason;
}

export function markRequestTimedOut(child: Change): void {
  child.requestTimedOut = true;
}

export function setMemory(child: Change, bytes: number): void {
  child.memoryBytes = bytes;
}

export function markAboveMemoryLimit(child: Change): void {
  child.aboveMemoryLimit = true;
}

export function markStopAnnounced(child: Change): void {
  child.stopAnnounced = true;
}

/** `proven` if there is no older mold to compare it with. */
export function becomeMold(
  child: Change,
  mold: { readonly generation: number; readonly proven: boolean },
  now: number,
): void {
  child.role = 'mold';
  child.slot = null;
  child.generation = mold.generation;
  child.proven = mold.proven;
  enterState(child, 'frozen', now);
}

export function markProven(child: Change): void {
  child.proven = true;
}

export function expectFork(mold: Change, id: number): void {
  mold.unansweredForks = [...mold.unansweredForks, id];
}

export function forkAnswered(mold: Change, id: number): void {
  mold.unansweredForks = mold.unansweredForks.filter((ordered) => ordered !== id);
}

export function countFork(mold: Change, result: 'done' | 'failed'): void {
  mold.failedForks = result === 'done' ? 0 : mold.failedForks + 1;
}

export function markHungUp(child: Change, now: number): void {
  child.hungUpAt ??= now;
}

/** null: it continues, whatever it reported before. */
export function setReason(child: Change, reason: string | null): void {
  child.reason = reason;
}

/** The first reason counts: later kills of the same child only enforce it. */
export function markKilled(child: Change, reason: ExitReason): void {
  child.killedFor ??= reason;
}

export function markStartFailed(child: Change): void {
  child.startFailed = true;
}

/** Excludes the `gapMs` during which the monitor was suspended. */
export function forgiveGap(child: Change, gapMs: number): void {
  child.stateSince += gapMs;
  child.lastHeard += gapMs;
  if (child.nextDeadline) child.nextDeadline.at += gapMs;
  if (child.stackRequestedAt !== null) child.stackRequestedAt += gapMs;
}

/** The same child by a clock that is `byMs` ahead. */
export function onOtherClock(child: Child, byMs: number): Child {
  const shifted = (at: number | null): number | null => (at === null ? null : at + byMs);
  return {
    ...child,
    stateSince: child.stateSince + byMs,
    createdAt: child.createdAt + byMs,
    lastHeard: child.lastHeard + byMs,
    hungUpAt: shifted(child.hungUpAt),
    stackRequestedAt: shifted(child.stackRequestedAt),
    nextDeadline: child.nextDeadline && {
      ...child.nextDeadline,
      at: child.nextDeadline.at + byMs,
    },
  };
}
