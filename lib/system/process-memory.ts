// The memory of a process as the kernel accounts for it, in bytes. After a fork only pss and
// private tell the truth: rss counts each shared page once for every process that maps it.
import { readFile } from 'node:fs/promises';

export interface Memory {
  readonly rss: number;
  /** Shared pages divided by the number of processes that share them. */
  readonly pss: number;
  readonly private: number;
  readonly shared: number;
}

/** Undefined when the process is gone, or is a zombie, or is not ours to look at. */
export async function memoryOf(pid: number): Promise<Memory | undefined> {
  try {
    return parseMemory(await readFile(`/proc/${pid}/smaps_rollup`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Reads the text of smaps_rollup; undefined when it lacks a figure. */
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
