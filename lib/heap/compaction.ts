// Heap settings that make copy-on-write pay: a mold's heap is compacted before it freezes, and its
// forks leave those pages alone.
import { setFlagsFromString } from 'node:v8';
import { native } from '../system/native.js';

/**
 * Compacts every page of the heap and returns the freed ones to the system, for a mold about to
 * freeze. The search of the heap has collected garbage before (heap/search.ts), and its finalizers
 * have run since.
 */
export function compactHeap(): void {
  setFlagsFromString('--compact');
  setFlagsFromString('--compact-on-every-full-gc');
  native.collectGarbage();
  setFlagsFromString('--no-compact-on-every-full-gc');
  native.trimMalloc();
}

/**
 * For a newborn: its collector no longer moves objects, so it never rewrites a page shared with the
 * mold. The price is fragmentation, until the next refork compacts the heap.
 */
export function leaveInheritedPages(): void {
  setFlagsFromString('--no-compact');
}
