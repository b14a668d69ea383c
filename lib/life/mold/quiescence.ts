// Waits for a moment at which nothing is under way that a fork would carry out twice, or never:
// requests of libuv, and sections that the app protects with `worker.preventFork`.
import { native } from '../../system/native.js';
import { workerState } from '../../api/worker-handle.js';

/** The event loop's check phase, the one place from where a fork may start. */
export const checkPhase = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * A peer that has not answered by then may never answer: the attempt to connect would hold up every
 * fork, to end in a connection that is cut at once.
 */
const connectGraceMs = 1_000;

/**
 * Rejects with the names of what is still active after `timeoutMs`. Resolves in the check phase.
 */
export async function awaitQuiescence(timeoutMs: number): Promise<void> {
  const started = performance.now();
  for (;;) {
    await checkPhase();
    const active = native.activeRequests();
    const { forkBlockers } = workerState;
    if (active === 0 && forkBlockers === 0) return;
    const waited = performance.now() - started;
    if (waited > timeoutMs) throw new Error(`${busy(active, forkBlockers)} after ${timeoutMs} ms`);
    // A section of the app's may be waiting for that very connection.
    if (forkBlockers === 0 && waited > connectGraceMs) native.giveUpConnecting();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function busy(active: number, blockers: number): string {
  if (active === 0) return `${blockers} sections of preventFork have not ended`;
  const resources = process.getActiveResourcesInfo().join(', ');
  return `${active} requests of the event loop are still under way (active: ${resources})`;
}
