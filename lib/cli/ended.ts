// Waits for the end of a process that is not our child. Its control socket is closed a moment
// before its listeners are: only when it is gone can the next server bind them.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 20;

/** Bounded by the process itself: the monitor kills what overruns `shutdownTimeout`, and leaves. */
export async function ended(pid: number): Promise<void> {
  const first = await startTime(pid);
  while (first !== undefined && (await startTime(pid)) === first) await sleep(pollMs);
}

/**
 * When the process started, which tells it from a later one of the same pid; undefined when it has
 * ended.
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
