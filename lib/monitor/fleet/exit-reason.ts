// The reason for the exit of a child: the monitor's own where it killed, otherwise derived from the
// way in which the child ended.
import { describeEnd, explainEnd, type ProcessEnd } from '../../base/exit-codes.js';
import type { ExitReason } from '../../control-api/exit-reason.js';
import type { Child } from './child.js';

export interface ChildEnd extends ProcessEnd {
  /** Whether the kernel killed it for lack of memory; null if that cannot be known. */
  readonly outOfMemory: boolean | null;
}

/** `asked`: it ended because it was told to (Fleet.ended). */
export function exitReason(
  { killedFor, aboveMemoryLimit, requestTimedOut }: Child,
  { code, signal, outOfMemory }: ChildEnd,
  asked: boolean,
): ExitReason {
  // Absent in the hand-over of an earlier release.
  if (killedFor) return killedFor;
  if (signal !== null) return outOfMemory === true ? 'oom' : 'signal';
  if (code !== 0 || !asked) return 'code';
  if (aboveMemoryLimit) return 'memory';
  return requestTimedOut ? 'request_timeout' : 'asked';
}

/** In words. A kill by the monitor has a reason already, which the signal is only added to. */
export function describeChildEnd({ killedFor }: Child, end: ChildEnd): string {
  const { signal, outOfMemory } = end;
  if (signal === null) return describeEnd(end);
  if (killedFor) return signal;
  if (outOfMemory === true) return `${signal}: the kernel killed it, out of memory`;
  if (signal === 'SIGKILL' && outOfMemory === null)
    return `${signal}: not sent by pitchfork-ts; out of memory? see dmesg`;
  return explainEnd(end) === null ? `${signal}: not sent by pitchfork-ts` : describeEnd(end);
}
