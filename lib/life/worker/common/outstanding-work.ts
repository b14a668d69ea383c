// The last wait of a process that exits by itself: whatever it has handed to the file system or to
// a socket is written first, as in a Node process that ends because nothing is left to do.
import { setTimeout as sleep } from 'node:timers/promises';
import { checkPhase, giveUpConnecting, isQuiescent } from '../../process/quiescence.js';

/** Work that one request's completion hands on to another is complete by then. */
const quietTurns = 3;

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
    quiet = isQuiescent() && !isBusy() ? quiet + 1 : 0;
    if (quiet === quietTurns) return null;
    if (quiet > 0) continue;
    const waited = performance.now() - started;
    if (waited >= timeoutMs) return process.getActiveResourcesInfo().join(', ');
    giveUpConnecting(started);
    await sleep(1);
  }
}
