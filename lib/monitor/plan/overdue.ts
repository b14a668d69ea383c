// The plan's rule for children that take too long to start, to exit, to send a heartbeat, or to
// answer a request.
import type { Settings } from '../../config/settings.js';
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

export function killOverdue(fleet: Fleet, settings: Settings, now: number): Action[] {
  /** At most one action for each child, whatever the number of reasons. */
  const actions = new Map<number, Action>();
  const kill = (child: Child, reason: string): void => {
    if (!actions.has(child.id)) actions.set(child.id, { type: 'kill', child: child.id, reason });
  };
  for (const child of all(fleet)) {
    const timeOut = timeOutRule(child, fleet, settings, now);
    const reason = overdue(child, settings, now);
    if (timeOut) actions.set(child.id, timeOut);
    else if (reason !== null) {
      kill(child, reason);
      // An order without an answer is the fault of the mold, not of the unborn worker.
      const mold = child.state === 'spawning' ? fleet.get(child.parent) : undefined;
      if (mold?.state === 'frozen' && child.pid === null)
        kill(mold, 'did not answer the order to fork');
    }
  }
  for (const mold of all(fleet))
    if (mold.state === 'frozen' && mold.failedForks >= 2) kill(mold, 'cannot fork');
  return [...actions.values()];
}

/** The reason to kill a child that has been in its state for too long. */
function overdue(child: Child, settings: Settings, now: number): string | null {
  const { spawnTimeoutMs, shutdownTimeoutMs, refork, timeoutSignal } = settings;
  const inState = now - child.stateSince;
  switch (child.state) {
    case 'booting':
    case 'spawning':
    case 'starting': {
      const ms = spawnTimeoutMs + freezingMs(child);
      if (inState > ms) return `not ready within ${ms} ms`;
      break;
    }
    case 'promoting': {
      const ms = refork.drainTimeoutMs + spawnTimeoutMs + freezingMs(child);
      if (inState > ms) return `not a mold within ${ms} ms`;
      break;
    }
    case 'leaving':
      if (inState > shutdownTimeoutMs + 1_000) return `did not exit within ${shutdownTimeoutMs} ms`;
      break;
    case 'killed':
      return timeoutSignal === 'SIGABRT' && inState > abortGraceMs
        ? `did not end within ${abortGraceMs} ms`
        : null;
    case 'serving':
    case 'frozen':
      break;
  }
  const hungUp = child.hungUpAt !== null && now - child.hungUpAt > hangUpGraceMs;
  return hungUp ? 'closed its channel' : null;
}

/** The time in which a process with a large heap may freeze, besides the usual timeouts. */
const freezingMs = ({ memoryBytes }: Child): number =>
  Math.round(Math.max(0, memoryBytes / mebibyte - ordinaryMiB) * msPerMiB);

/** A silent worker is asked for its stack before it is killed. */
function timeOutRule(child: Child, fleet: Fleet, settings: Settings, now: number): Action | null {
  const reason =
    unheard(child, settings, now) ?? overrunRequest(child, fleet.wokeAt, settings, now);
  if (reason === null) return null;
  const timeOut: Action = { type: 'timeOut', child: child.id, reason };
  const silent = now - child.lastHeard > Math.min(silentMs, settings.heartbeatTimeoutMs);
  if (!silent || child.state !== 'serving') return timeOut;
  if (child.stackRequestedAt === null) return { type: 'askForStack', child: child.id };
  return child.stack !== null || now - child.stackRequestedAt > stackGraceMs ? timeOut : null;
}

function unheard(child: Child, { heartbeatTimeoutMs }: Settings, now: number): string | null {
  return child.state === 'serving' && now - child.lastHeard > heartbeatTimeoutMs
    ? `no heartbeat for ${heartbeatTimeoutMs} ms`
    : null;
}

function overrunRequest(
  { state, nextDeadline }: Child,
  wokeAt: number,
  { requestTimeoutMs, cleanupTimeoutMs }: Settings,
  now: number,
): string | null {
  if (!nextDeadline || !['serving', 'promoting', 'leaving'].includes(state)) return null;
  if (now - wokeAt < settleMs) return null;
  // From the worker's last report: the request may have ended since, unless the event loop is
  // blocked.
  const unheardMs = now - nextDeadline.at;
  const leftMs = nextDeadline.leftMs + cleanupTimeoutMs - (unheardMs > silentMs ? unheardMs : 0);
  if (leftMs > 0) return null;
  const { method, url } = nextDeadline;
  return (
    `${method} ${url} did not end within requestTimeout and cleanupTimeout ` +
    `(${requestTimeoutMs} + ${cleanupTimeoutMs} ms)`
  );
}
