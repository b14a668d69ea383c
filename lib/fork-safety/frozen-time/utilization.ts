// The event loop's utilization in a newborn. Node counts all time since the start of the loop that
// was not spent waiting in it as active, hence also the time as a frozen mold. So the start moves:
// active time is as long as it was before the freeze.
import { performance } from 'node:perf_hooks';
import type { Search } from '../heap/search.js';

const { eventLoopUtilization, nodeTiming } = performance;

/** In nanoseconds of the monotonic clock: a number in Node's array of milestones. */
interface LoopStart {
  readonly milestones: Float64Array;
  readonly index: number;
}

/** Inherited by forks. */
let loopStart: LoopStart | undefined;
let activeMs = 0;

/** Runs in a mold when it stops working. */
export function holdUtilization(): void {
  activeMs = eventLoopUtilization().active;
}

/** Runs in a newborn. */
export function resumeUtilization(): void {
  if (loopStart) move(loopStart, eventLoopUtilization().active - activeMs);
}

/** The array is out of reach but for a search of the heap; once suffices. */
export function loopStartSearch(): Search[] {
  const found = (arrays: object[]): void => {
    for (const array of arrays) if (array instanceof Float64Array) loopStart ??= loopStartIn(array);
  };
  return loopStart ? [] : [{ prototype: Float64Array.prototype, found }];
}

/** More milestones than any Node so far has. */
const mostMilestones = 64;
const toleranceMs = 0.5;

function loopStartIn(milestones: Float64Array): LoopStart | undefined {
  if (milestones.length > mostMilestones || nodeTiming.loopStart < 0) return undefined;
  const [seconds, nanoseconds] = process.hrtime();
  const originMs = seconds * 1e3 + nanoseconds / 1e6 - performance.now();
  const expectedMs = originMs + nodeTiming.loopStart;
  const index = milestones.findIndex((ns) => Math.abs(ns / 1e6 - expectedMs) < toleranceMs);
  return index >= 0 && governs({ milestones, index }) ? { milestones, index } : undefined;
}

/** Whether Node reads its own timing from there. */
function governs(candidate: LoopStart): boolean {
  const before = nodeTiming.loopStart;
  move(candidate, 1);
  const moved = nodeTiming.loopStart - before;
  move(candidate, -1);
  return Math.abs(moved - 1) < toleranceMs;
}

function move({ milestones, index }: LoopStart, ms: number): void {
  milestones[index] = (milestones[index] ?? NaN) + ms * 1e6;
}
