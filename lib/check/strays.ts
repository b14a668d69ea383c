// Kills processes that an app under check has started and left behind.
import { setTimeout as delay } from 'node:timers/promises';
import { signal } from '../monitor/children/kill.js';
import { native } from '../system/native.js';
import { childPid, ownChildren } from '../system/own-children.js';

/** This process is a subreaper, so orphans are its children. Gives up after `timeoutMs`. */
export async function endStrays(timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (let pids; (pids = ownChildren()).length > 0 && performance.now() < deadline;) {
    for (const pid of pids) signal(childPid(pid), 'SIGKILL');
    await delay(10);
    native.reap(pids);
  }
}
