// The unreaped children of this process, zombies included, by the kernel's word. They alone are
// signalled: until a child is reaped, its pid means no other process.
import { readFileSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { native } from './native.js';

/**
 * Pids in no particular order. The kernel lists a child under the thread that created or adopted
 * it: proc_tid_children(5). Throws on kernels without CONFIG_PROC_CHILDREN.
 */
export function ownChildren(): number[] {
  return readdirSync('/proc/self/task').flatMap((thread) =>
    readFileSync(`/proc/self/task/${thread}/children`, 'latin1')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
}

declare const brand: unique symbol;

/**
 * The pid of a child; made in this file only. Never 0 or negative, which mean groups of processes
 * to kill(2).
 */
export type Pid = number & { readonly [brand]: 'pid of a child' };

const isChild = (pid: number): pid is Pid =>
  Number.isSafeInteger(pid) && pid > 1 && pid < 2 ** 31 && native.isChild(pid);

/** Null if it is no child of ours, or has been reaped. */
export const childPid = (pid: number): Pid | null => (isChild(pid) ? pid : null);

/** Whether it was sent; a child that has been reaped meanwhile is none of ours any more. */
export function signalChild(pid: Pid, signal: NodeJS.Signals): boolean {
  return native.signalChild(pid, constants.signals[signal]);
}
