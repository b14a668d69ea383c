// Waits for the end of a process that is not our child. A server's control socket is closed before
// its listeners are: only when it is gone can the next one bind them.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 20;

/** False if it has not ended in time. */
export async function endsWithin(timeoutMs: number, pid: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  const first = await startTime(pid);
  while (first !== undefined && (await startTime(pid)) === first) {
    if (performance.now() > deadline) return false;
    await sleep(pollMs);
  }
  return true;
}

/**
 * The start time of the process, which distinguishes it from a later one of the same pid; undefined
 * when it has ended.
 */
async function startTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
