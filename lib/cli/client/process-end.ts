// Waits for the end of a process that is not our child. A server's control socket is closed before
// its listeners are: only when it is gone can the next one bind them.
import { setTimeout as sleep } from 'node:timers/promises';
import { processStat } from '../../system/proc/process-stat.js';

const pollMs = 20;

/** False if it has not ended in time. */
export async function endsWithin(timeoutMs: number, pid: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  const first = startTime(pid);
  while (first !== undefined && startTime(pid) === first) {
    if (performance.now() > deadline) return false;
    await sleep(pollMs);
  }
  return true;
}

/** Distinguishes the process from a later one of the same pid; undefined when it has ended. */
function startTime(pid: number): string | undefined {
  try {
    const stat = processStat(pid);
    return stat.hasEnded ? undefined : stat.startTime;
  } catch {
    return undefined;
  }
}
