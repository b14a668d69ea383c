// The memory of a process as accounted for by the kernel, in bytes. After a fork, sums are only
// meaningful for pss and private: rss counts a shared page once for every process that maps it.
import { readFile } from 'node:fs/promises';

/** In bytes; see proc_pid_smaps(5). */
export interface Memory {
  /** All resident pages. */
  readonly rss: number;
  /** Resident pages, each divided by the number of processes that map it. */
  readonly pss: number;
  /** Resident pages mapped by this process only. */
  readonly private: number;
  /** Resident pages mapped by other processes too. */
  readonly shared: number;
}

/** Undefined if the process is gone, a zombie, or not readable by this user. */
export async function memoryOf(pid: number): Promise<Memory | undefined> {
  try {
    return parseMemory(await readFile(`/proc/${pid}/smaps_rollup`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Parses /proc/<pid>/smaps_rollup; undefined if a value is missing. */
export function parseMemory(text: string): Memory | undefined {
  const bytes = new Map<string, number>();
  for (const match of text.matchAll(/^(\w+): +(\d+) kB$/gm))
    bytes.set(match[1] ?? '', Number(match[2]) * 1024);

  const sum = (...names: string[]) =>
    names.reduce((total, name) => total + (bytes.get(name) ?? NaN), 0);
  const memory = {
    rss: sum('Rss'),
    pss: sum('Pss'),
    private: sum('Private_Clean', 'Private_Dirty'),
    shared: sum('Shared_Clean', 'Shared_Dirty'),
  };
  return Object.values(memory).some(Number.isNaN) ? undefined : memory;
}
