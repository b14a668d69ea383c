// What makes copy-on-write pay: a mold's heap is compacted before it freezes, and its forks leave
// those pages alone.
import { setFlagsFromString } from 'node:v8';
import { native } from '../system/native.js';

/**
 * Compacts every page of the heap and gives the freed ones back, for a mold about to freeze. Two
 * rounds: the first one's finalizers and weak references let the second one free more.
 */
export function compactHeap(): void {
  setFlagsFromString('--compact');
  setFlagsFromString('--compact-on-every-full-gc');
  native.collectGarbage();
  native.collectGarbage();
  setFlagsFromString('--no-compact-on-every-full-gc');
  native.trimMalloc();
}

/**
 * For a newborn: its collector no longer moves objects, so that it never rewrites a page that it
 * shares with its mold. The price, fragmentation, is paid back at the next refork, which compacts.
 */
export function leaveInheritedPages(): void {
  setFlagsFromString('--no-compact');
}
