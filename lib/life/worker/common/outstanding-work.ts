// The last wait of a process that exits by itself: whatever it has handed to the file system or to
// a socket is written first, as in a Node process that ends because nothing is left to do.
import { setTimeout as sleep } from 'node:timers/promises';
import { workerState } from '../../../api/worker-handle.js';
import { native } from '../../../system/native.js';

/** Work that one request's completion hands on to another is complete by then. */
const quietTurns = 3;
/** A peer that has not answered by then may never answer. */
const connectGraceMs = 1_000;

const checkPhase = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Waits for the requests of libuv, for sections of `worker.preventFork`, and while `isBusy`; not
 * for timers, nor for connections that are merely open. Returns null, or after `timeoutMs` the
 * active resources by name.
 */
export async function finishOutstandingWork(
  timeoutMs: number,
  isBusy: () => boolean = () => false,
): Promise<string | null> {
  const started = performance.now();
  for (let quiet = 0; ;) {
    await checkPhase();
    quiet = isIdle() && !isBusy() ? quiet + 1 : 0;
    if (quiet === quietTurns) return null;
    if (quiet > 0) continue;
    const waited = performance.now() - started;
    if (waited >= timeoutMs) return process.getActiveResourcesInfo().join(', ');
    // Not during a section of the app, which may be waiting for that very connection.
    if (workerState.forkBlockers === 0 && waited > connectGraceMs) native.giveUpConnecting();
    await sleep(1);
  }
}

const isIdle = (): boolean => native.activeRequests() === 0 && workerState.forkBlockers === 0;
