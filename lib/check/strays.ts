// How processes are ended that an app under check started and left alone.
import { setTimeout as delay } from 'node:timers/promises';
import { signal } from '../monitor/children/kill.js';
import { native } from '../system/native.js';
import { ownChildren } from '../system/own-children.js';

/** This process is a subreaper, so what is left of them are its children. */
export async function endStrays(timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (let pids; (pids = ownChildren()).length > 0 && performance.now() < deadline;) {
    for (const pid of pids) signal(pid, 'SIGKILL');
    await delay(10);
    native.reap(pids);
  }
}
