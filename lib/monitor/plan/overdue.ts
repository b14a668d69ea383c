// The plan's rule for children that take too long to start, to exit, to send a heartbeat, or to
// answer a request.
import type { Settings } from '../../config/settings.js';
import type { ExitReason } from '../../control-api/exit-reason.js';
import type { Action } from './carry-out.js';
import type { Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import { all } from '../fleet/queries.js';

/** Time for a child whose channel has ended to exit by itself. */
const hangUpGraceMs = 1_000;
/** Silence of this length means a blocked event loop: several heartbeats are missing. */
const silentMs = 1_500;
/** The time for a child with a blocked event loop to send its stack. */
const stackGraceMs = 1_000;
/** Reports that piled up while the monitor was suspended are read by then. */
const settleMs = 1_000;
const mebibyte = 1024 * 1024;
/** Memory that the timeouts suffice for. */
const ordinaryMiB = 256;
/** Several times the collections of a freeze take on a slow, busy machine. */
const msPerMiB = 40;
/** The time for a core dump; then a signal follows that cannot be survived. */
const abortGraceMs = 10_000;

/** In words, for the log, and as a value, for the metrics. */
interface Fault {
  readonly reason: string;
  readonly cause: ExitReason;
}

export function killOverdue(fleet: Fleet, settings: Settings, now: number): Action[] {
  /** At most one action for each child, whatever the number of reasons. */
  const actions = new Map<number, Action>();
  const kill = (child: Child, fault: Fault): void => {
    if (!actions.has(child.id)) actions.set(child.id, { type: 'kill', child: child.id, ...fault });
  };
  for (const child of all(fleet)) {
    const timeOut = timeOutRule(child, fleet, settings, now);
    const fault = overdue(child, settings, now);
    if (timeOut) actions.set(child.id, timeOut);
    else if (fault !== null) {
      kill(child, fault);
      // An order without an answer is the fault of the mold, not of the unborn worker.
      const mold = child.state === 'spawning' ? fleet.get(child.parent) : undefined;
      if (mold?.state === 'frozen' && mold.unansweredForks.includes(child.id))
        kill(mold, { reason: 'did not answer the order to fork', cause: 'fork_failed' });
    }
  }
  for (const mold of all(fleet))
    if (mold.state === 'frozen' && mold.failedForks >= 2)
      kill(mold, { reason: 'cannot fork', cause: 'fork_failed' });
  return [...actions.values()];
}

/** The fault of a child that has been in its state for too long. */
function overdue(child: Child, settings: Settings, now: number): Fault | null {
  const { spawnTimeoutMs, shutdownTimeoutMs, refork, timeoutSignal } = settings;
  const inState = now - child.stateSince;
  if (child.breach !== null && child.state !== 'killed')
    return { reason: `broke the protocol: ${child.breach}`, cause: 'channel' };
  switch (child.state) {
    case 'booting':
    case 'spawning':
    case 'starting': {
      const ms = spawnTimeoutMs + freezingMs(child);
      if (inState > ms) return { reason: `not ready within ${ms} ms`, cause: 'spawn_timeout' };
      break;
    }
    case 'promoting': {
      const ms = refork.drainTimeoutMs + spawnTimeoutMs + freezingMs(child);
      if (inState > ms) return { reason: `not a mold within ${ms} ms`, cause: 'promotion_timeout' };
      break;
    }
    case 'leaving':
      if (inState > shutdownTimeoutMs + 1_000)
        return { reason: `did not exit within ${shutdownTimeoutMs} ms`, cause: 'shutdown_timeout' };
      break;
    case 'killed':
      return timeoutSignal === 'SIGABRT' && inState > abortGraceMs
        ? { reason: `did not end within ${abortGraceMs} ms`, cause: 'shutdown_timeout' }
        : null;
    case 'serving':
    case 'frozen':
      break;
  }
  const hungUp = child.hungUpAt !== null && now - child.hungUpAt > hangUpGraceMs;
  return hungUp ? { reason: 'closed its channel', cause: 'channel' } : null;
}

/** The time in which a process with a large heap may freeze, besides the usual timeouts. */
const freezingMs = ({ memoryBytes }: Child): number =>
  Math.round(Math.max(0, memoryBytes / mebibyte - ordinaryMiB) * msPerMiB);

/** A silent worker is asked for its stack before it is killed. */
function timeOutRule(child: Child, fleet: Fleet, settings: Settings, now: number): Action | null {
  const fault = unheard(child, settings, now) ?? overrun(child, fleet.wokeAt, settings, now);
  if (fault === null) return null;
  const timeOut: Action = { type: 'timeOut', child: child.id, ...fault };
  const silent = now - child.lastHeard > Math.min(silentMs, settings.heartbeatTimeoutMs);
  if (!silent || child.state !== 'serving') return timeOut;
  if (child.stackRequestedAt === null) return { type: 'askForStack', child: child.id };
  return child.stack !== null || now - child.stackRequestedAt > stackGraceMs ? timeOut : null;
}

function unheard(child: Child, { heartbeatTimeoutMs }: Settings, now: number): Fault | null {
  return child.state === 'serving' && now - child.lastHeard > heartbeatTimeoutMs
    ? { reason: `no heartbeat for ${heartbeatTimeoutMs} ms`, cause: 'heartbeat' }
    : null;
}

function overrun(
  { state, nextDeadline }: Child,
  wokeAt: number,
  { requestTimeoutMs, cleanupTimeoutMs }: Settings,
  now: number,
): Fault | null {
  if (!nextDeadline || !['serving', 'promoting', 'leaving'].includes(state)) return null;
  if (now - wokeAt < settleMs) return null;
  // From the worker's last report: the request may have ended since, unless the event loop is
  // blocked.
  const unheardMs = now - nextDeadline.at;
  const leftMs = nextDeadline.leftMs + cleanupTimeoutMs - (unheardMs > silentMs ? unheardMs : 0);
  if (leftMs > 0) return null;
  const { method, url } = nextDeadline;
  return {
    reason:
      `${method} ${url} did not end within requestTimeout and cleanupTimeout ` +
      `(${requestTimeoutMs} + ${cleanupTimeoutMs} ms)`,
    cause: 'request_timeout',
  };
}
