// Watches the memory of workers where `maxWorkerMemory` limits it. What counts is what a worker has
// for itself: pages that it shares with the mold cost nobody anything. A worker above the limit is
// outdated, so a fresh fork takes its slot before it leaves.
import { memoryOf } from '../../system/process-memory.js';
import { markAboveMemoryLimit, type Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Log } from '../log/log.js';
import { fieldsOf } from '../log/report-lines.js';
import { all, isQuiescent, serving } from '../fleet/queries.js';

/** The kernel walks a process's page tables for the figure: milliseconds, for a large one. */
const lookMs = 3_000;

export interface MemoryWatchParts {
  readonly fleet: Fleet;
  readonly limitBytes: number;
  readonly log: Log;
  /** Something is to be done. */
  readonly marked: () => void;
}

/** Returns what ends it. */
export function watchMemory(parts: MemoryWatchParts): () => void {
  let timer: NodeJS.Timeout;
  let over = false;
  const look = async (): Promise<void> => {
    const workers = mayReplace(parts.fleet) ? serving(all(parts.fleet)) : [];
    const bytes = await Promise.all(workers.map((worker) => privateBytes(worker)));
    if (over) return;
    mark(parts, new Map(workers.map((worker, index) => [worker, bytes[index] ?? 0])));
    timer = setTimeout(() => void look(), lookMs);
  };
  timer = setTimeout(() => void look(), lookMs);
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

/**
 * One at a time, and only when all is well and nothing else is wanted: a limit that is too low for
 * any worker must not keep reforks and restarts from happening.
 */
const mayReplace = (fleet: Fleet): boolean =>
  !fleet.stopping && fleet.rollouts.pending === null && isQuiescent(fleet);

/** The largest of those that are above the limit, if any. */
export function tooLarge(bytes: ReadonlyMap<Child, number>, limitBytes: number): Child | undefined {
  const [largest] = [...bytes].sort(([, one], [, other]) => other - one);
  return largest && largest[1] > limitBytes ? largest[0] : undefined;
}

function mark({ fleet, limitBytes, log, marked }: MemoryWatchParts, bytes: Map<Child, number>) {
  const worker = tooLarge(bytes, limitBytes);
  // Much may have happened while the figures were read.
  if (!worker || worker.state !== 'serving' || !mayReplace(fleet)) return;
  markAboveMemoryLimit(worker);
  log.warn(
    { ...fieldsOf(worker), privateBytes: bytes.get(worker), limitBytes },
    'above maxWorkerMemory, replacing',
  );
  marked();
}

async function privateBytes({ pid }: Child): Promise<number> {
  return pid === null ? 0 : ((await memoryOf(pid))?.private ?? 0);
}
