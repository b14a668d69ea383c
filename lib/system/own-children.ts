// The unreaped children of this process, zombies included. The kernel lists a child under the
// thread that created or adopted it: proc_tid_children(5).
import { readFileSync, readdirSync } from 'node:fs';

/** Pids in no particular order. Throws on kernels without CONFIG_PROC_CHILDREN. */
export function ownChildren(): number[] {
  return readdirSync('/proc/self/task').flatMap((thread) =>
    readFileSync(`/proc/self/task/${thread}/children`, 'latin1')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
}
