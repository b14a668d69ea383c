// Measures the memory of processes that are to become molds: compacting a heap takes longer the
// larger it is, and their deadline allows for that.
import { readFile } from 'node:fs/promises';
import { setMemory, type Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import { all } from '../fleet/queries.js';

const lookMs = 1_000;

/** The kernel counts pages, of this size on x64 and on most arm64. */
const pageBytes = 4_096;

/** Returns a function that ends the watch. */
export function watchFreezing(fleet: Fleet): () => void {
  const look = (): void => {
    for (const child of all(fleet)) if (mayFreeze(child)) void measure(child);
  };
  const timer = setInterval(look, lookMs);
  return () => clearInterval(timer);
}

const mayFreeze = ({ state, role }: Child): boolean =>
  state === 'promoting' || (state === 'booting' && role === 'mold');

async function measure(child: Child): Promise<void> {
  const bytes = child.pid === null ? null : await residentBytes(child.pid);
  if (bytes !== null && mayFreeze(child)) setMemory(child, bytes);
}

/** Resident memory; null if the process has ended. Unlike smaps, statm walks no page tables. */
async function residentBytes(pid: number): Promise<number | null> {
  try {
    const [, resident] = (await readFile(`/proc/${pid}/statm`, 'latin1')).split(' ');
    return Number(resident) * pageBytes;
  } catch {
    return null;
  }
}
