// The children of this process, whoever started them.
import { readFileSync } from 'node:fs';

/** Pids, those that wait to be reaped included. What a subreaper inherits is its first thread's. */
export function ownChildren(): number[] {
  const pids = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
  return pids.split(' ').filter(Boolean).map(Number);
}
