// Watches the memory of workers where `maxWorkerMemory` limits it. Private memory counts: pages
// shared with the mold cost nothing. A worker above the limit is outdated, so a fresh fork takes
// its slot before it drains.
import { memoryOf } from '../../system/proc/process-memory.js';
import { markAboveMemoryLimit, type Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Log } from '../log/log.js';
import { fieldsOf } from '../log/report-lines.js';
import { all, currentMold, isQuiescent, serving, slots } from '../fleet/queries.js';
import { churnWithinMs, noChurn, observeChurn } from './memory-churn.js';

/**
 * Seldom, because the kernel walks a process's page tables for the figure: milliseconds for a large
 * one.
 */
const lookMs = 3_000;
/** Interval of warnings that the limit replaces every worker soon. */
const warnEveryMs = 5 * 60_000;

export interface MemoryWatchParts {
  readonly fleet: Fleet;
  readonly limitBytes: number;
  readonly log: Log;
  /** A worker was marked: the plan has work to do. */
  readonly marked: () => void;
}

/** Returns a function that ends the watch. */
export function watchMemory(parts: MemoryWatchParts): () => void {
  let timer: NodeJS.Timeout;
  let over = false;
  const noteChurn = churnNote(parts);
  const look = async (): Promise<void> => {
    const workers = mayReplace(parts.fleet) ? serving(all(parts.fleet)) : [];
    const bytes = await Promise.all(workers.map((worker) => privateBytes(worker)));
    if (over) return;
    const measured = new Map(workers.map((worker, index) => [worker, bytes[index] ?? 0]));
    noteChurn(measured);
    mark(parts, measured);
    timer = setTimeout(() => void look(), lookMs);
  };
  timer = setTimeout(() => void look(), lookMs);
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

/**
 * One at a time, and only in a quiescent fleet without requests: a limit too low for any worker
 * must not block reforks and restarts.
 */
const mayReplace = (fleet: Fleet): boolean =>
  !fleet.stopping && fleet.rollouts.pending === null && isQuiescent(fleet);

/** The largest worker above the limit, if any. */
export function tooLarge(bytes: ReadonlyMap<Child, number>, limitBytes: number): Child | undefined {
  const [largest] = [...bytes].sort(([, one], [, other]) => other - one);
  return largest && largest[1] > limitBytes ? largest[0] : undefined;
}

function mark({ fleet, limitBytes, log, marked }: MemoryWatchParts, bytes: Map<Child, number>) {
  const worker = tooLarge(bytes, limitBytes);
  // Much may have changed while the figures were read.
  if (!worker || worker.state !== 'serving' || !mayReplace(fleet)) return;
  markAboveMemoryLimit(worker);
  log.warn(
    { ...fieldsOf(worker), privateBytes: bytes.get(worker), limitBytes },
    'above maxWorkerMemory, replacing',
  );
  marked();
}

/** Notes one look at the workers, and warns where the limit cannot work. */
function churnNote({ fleet, limitBytes, log }: MemoryWatchParts) {
  let churn = noChurn;
  let warnedAt = -Infinity;
  return (measured: ReadonlyMap<Child, number>): void => {
    const now = performance.now();
    const workers = [...measured].flatMap(([{ id, slot, createdAt }, bytes]) =>
      slot === null || bytes === 0
        ? []
        : [{ id, slot, ageMs: now - createdAt, isAbove: bytes > limitBytes }],
    );
    churn = observeChurn(churn, workers);
    const withinMs = churnWithinMs(churn, slots(fleet));
    if (withinMs === null || now - warnedAt < warnEveryMs) return;
    warnedAt = now;
    log.warn({ limitBytes }, churnText(limitBytes, withinMs, currentMold(fleet) !== undefined));
  };
}

function churnText(limitBytes: number, withinMs: number, areForked: boolean): string {
  const limit = `${Math.round(limitBytes / 2 ** 20)} MiB`;
  const remedy = 'or load more before the fork, where workers share it (hook warmup)';
  return (
    `every worker exceeds maxWorkerMemory (${limit}) within ${Math.ceil(withinMs / 1000)} s ` +
    `of its start: raise it${areForked ? `, ${remedy}` : ''}`
  );
}

async function privateBytes({ pid }: Child): Promise<number> {
  return pid === null ? 0 : ((await memoryOf(pid))?.private ?? 0);
}
