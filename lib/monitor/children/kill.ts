// Kills children: at once, or after the hook for timeouts. No other file sends them signals.
import type { RequestInfo } from '../../api/hooks.js';
import { native } from '../../system/native.js';
import { signalChild, type Pid } from '../../system/own-children.js';
import { settlesWithin } from '../../base/settles-within.js';
import type { Child } from '../fleet/child.js';
import type { Children } from './children.js';
import type { Fleet } from '../fleet/fleet.js';
import { runMonitorHook } from '../../config/run-hooks.js';
import type { Settings } from '../../config/settings.js';
import type { Log } from '../log/log.js';
import { fieldsOf } from '../log/report-lines.js';

interface Parts {
  readonly settings: Settings;
  readonly log: Log;
  readonly fleet: Fleet;
  readonly children: Pick<Children, 'forget'>;
}

/** Limit for a hook that delays a kill. */
const hookGraceMs = 1_000;

export function kill(parts: Parts, child: Child, reason: string): void {
  parts.log[parts.fleet.stopping === 'immediate' ? 'info' : 'warn'](
    { ...fieldsOf(child), reason },
    'killing',
  );
  if (child.pid === null) parts.children.forget(child.id);
  else signal(child.pid, 'SIGKILL');
}

export function askForStack({ log }: Pick<Parts, 'log'>, child: Child): void {
  if (child.pid === null) return;
  try {
    native.askForStack(child.pid);
  } catch (error) {
    log.debug({ ...fieldsOf(child), err: error }, 'could not ask for the stack');
  }
}

/** The child is 'killed' already, so the plan leaves it alone while the hook runs. */
export async function timeOut(parts: Parts, child: Child, reason: string): Promise<void> {
  const { fleet, log, settings } = parts;
  const { stackRequestedAt, stack, pid } = child;
  if (stackRequestedAt !== null && stack === null)
    log.warn(fieldsOf(child), 'no JavaScript stack: it is stopped, or in native code');
  log.warn({ ...fieldsOf(child), reason, signal: settings.timeoutSignal }, 'killing');
  const info = { reason, request: requestOf(child), stack };
  if (settings.hooks.afterWorkerHardTimeout.length > 0) {
    const { role, slot, generation, phase } = child;
    const who = { pid: pid ?? 0, role, slot, generation, phase };
    await settlesWithin(runMonitorHook(parts, 'afterWorkerHardTimeout', who, info), hookGraceMs);
  }
  if (fleet.get(child.id) === child) signal(pid, settings.timeoutSignal);
}

function requestOf({ nextDeadline }: Child): RequestInfo | null {
  if (!nextDeadline) return null;
  const { method, url, ageMs, at } = nextDeadline;
  return { method, url, ageMs: Math.round(ageMs + performance.now() - at) };
}

/** Nothing happens to one that has been reaped, whatever has its pid now. */
export function signal(pid: Pid | null, name: NodeJS.Signals): void {
  try {
    if (pid !== null) signalChild(pid, name);
  } catch {
    // EPERM: it runs as another user, and this monitor is not root. Its channel's end remains.
  }
}
