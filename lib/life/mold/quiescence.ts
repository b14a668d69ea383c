// Waits until nothing is pending that a fork would carry out twice, or never: requests of libuv,
// and sections that the app protects with `worker.preventFork`.
import { native } from '../../system/native.js';
import { workerState } from '../../api/worker-handle.js';

/** The event loop's check phase, the only phase in which a fork may be made. */
export const checkPhase = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * A peer that has not answered by then may never answer: the attempt to connect would delay every
 * fork, only for a connection that is cut at once.
 */
const connectGraceMs = 1_000;

/**
 * Resolves in the check phase. After `timeoutMs`, rejects with the names of active resources. The
 * grace for connections counts from `graceSince`.
 */
export async function awaitQuiescence(
  timeoutMs: number,
  graceSince = performance.now(),
): Promise<void> {
  const started = performance.now();
  for (;;) {
    await checkPhase();
    const active = native.activeRequests();
    const { forkBlockers } = workerState;
    if (active === 0 && forkBlockers === 0) return;
    const waited = performance.now() - started;
    if (waited > timeoutMs) throw new Error(`${busy(active, forkBlockers)} after ${timeoutMs} ms`);
    // Not during a section of the app, which may be waiting for that very connection.
    const isOver = performance.now() - graceSince > connectGraceMs;
    if (forkBlockers === 0 && isOver) native.giveUpConnecting();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function busy(active: number, blockers: number): string {
  if (active === 0) return `${blockers} sections of preventFork have not ended`;
  const resources = process.getActiveResourcesInfo().join(', ');
  return `${active} requests of the event loop are still under way (active: ${resources})`;
}
