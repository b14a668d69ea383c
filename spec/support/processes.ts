// Reads the state of processes from /proc, independently of the server's own account.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** R, S, D, T, Z … */
  readonly state: string;
  readonly group: number;
  readonly title: string;
  /** Clock ticks of CPU time, user and system. */
  readonly ticks: number;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

export function processOf(pid: number): Process | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    parent: Number(fields[1]),
    state: fields[0] ?? '?',
    group: Number(fields[2]),
    title: (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim(),
    ticks: Number(fields[11]) + Number(fields[12]),
  };
}

const pids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/**
 * All processes with the mark in their environment; zombies have none, so they are found by their
 * parents.
 */
export function marked(mark: string): Process[] {
  const all = pids().flatMap((pid) => processOf(pid) ?? []);
  const ours = new Set(
    all.filter(({ pid }) => read(`/proc/${pid}/environ`)?.includes(mark)).map(({ pid }) => pid),
  );
  return all.filter(({ pid, parent }) => ours.has(pid) || ours.has(parent));
}

export const isAlive = (pid: number): boolean => {
  const state = processOf(pid)?.state;
  return state !== undefined && state !== 'Z';
};

/** The target of each descriptor of a process: 'socket:[123]', 'anon_inode:[eventpoll]', a path. */
export function descriptors(pid: number): Map<number, string> {
  const found = new Map<number, string>();
  try {
    for (const name of readdirSync(`/proc/${pid}/fd`))
      try {
        found.set(Number(name), readlinkSync(`/proc/${pid}/fd/${name}`));
      } catch {
        // It was closed meanwhile.
      }
  } catch {
    // The process has exited.
  }
  return found;
}
