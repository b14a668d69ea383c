// How processes are ended that do not leave by themselves.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { native } from '../native.js';

export function signal(pid: number | null, name: NodeJS.Signals): void {
  try {
    if (pid !== null) process.kill(pid, name);
  } catch {
    // It is gone already; SIGCHLD tells.
  }
}

/** What the app started and left alone: this process is a subreaper, so they are its children. */
export async function endStrays(timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (let pids; (pids = ownChildren()).length > 0 && performance.now() < deadline;) {
    for (const pid of pids) signal(pid, 'SIGKILL');
    await delay(10);
    native.reap(pids);
  }
}

/** Those that wait to be reaped included. What a subreaper inherits is its first thread's. */
function ownChildren(): number[] {
  const pids = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
  return pids.split(' ').filter(Boolean).map(Number);
}
