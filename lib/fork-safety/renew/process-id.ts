// process.pid of a newborn. Node computes it once and keeps it as a plain property
// (PatchProcessObject in src/node_process_object.cc), so a fork has its parent's.
import { native } from '../../system/native.js';

/** Returns the pid that was there before: the parent's. */
export function renewProcessId(): number {
  const parentPid = process.pid;
  const writable = { configurable: true, enumerable: true, writable: true };
  Object.defineProperty(process, 'pid', { ...writable, value: native.pid() });
  return parentPid;
}
