// The open descriptors of a process, and its limit of them (RLIMIT_NOFILE; proc_pid_fd(5),
// proc_pid_limits(5)).
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { errorCode } from '../../base/error-text.js';

export interface Descriptors {
  readonly open: number;
  /** The soft limit. */
  readonly limit: number;
}

/** Undefined if the process is gone, a zombie, or hidden from this user. */
export function descriptorsOf(pid: number | 'self'): Descriptors | undefined {
  try {
    const open = countOf(pid);
    return { open, limit: limitOf(pid, open) };
  } catch {
    return undefined;
  }
}

/**
 * Since Linux 6.2 the size of the directory is their number, which costs no descriptor and needs no
 * permission to trace the process, unlike a list.
 */
function countOf(pid: number | 'self'): number {
  const directory = `/proc/${pid}/fd`;
  return statSync(directory).size || readdirSync(directory).length;
}

/** A process that has no descriptor left to read its own limit with has reached it. */
function limitOf(pid: number | 'self', open: number): number {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, 'latin1');
    const [, soft] = /^Max open files +(\d+|unlimited)/m.exec(limits) ?? [];
    return soft === undefined || soft === 'unlimited' ? Infinity : Number(soft);
  } catch (error) {
    if (pid === 'self' && errorCode(error) === 'EMFILE') return open;
    throw error;
  }
}

/**
 * Two below the limit: one is libuv's reserve, for refusing connections, the other that of the
 * connection which is being refused.
 */
export const areExhausted = ({ open, limit }: Descriptors): boolean => open >= limit - 2;
