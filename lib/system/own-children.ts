// The children of this process that were not reaped yet, those that ended included: the kernel
// notes a child with the thread that made it, or that inherited it (proc_pid_task(5)).
import { readFileSync, readdirSync } from 'node:fs';

/** Throws where the kernel has no such files. */
export function ownChildren(): number[] {
  return readdirSync('/proc/self/task').flatMap((thread) =>
    readFileSync(`/proc/self/task/${thread}/children`, 'latin1')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
}
