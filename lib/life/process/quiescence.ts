// Work that is pending: requests of libuv, and sections that the app protects with
// `worker.preventFork`. A fork would carry it out twice, or never, and an exit would lose it.
import { native } from '../../system/native.js';
import { workerState } from '../../api/worker-handle.js';

/** The event loop's check phase, the only phase in which a fork may be made. */
export const checkPhase = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * A peer that has not answered by then may never answer: the attempt to connect would delay every
 * fork and exit, only for a connection that is cut at once.
 */
const connectGraceMs = 1_000;

export const isQuiescent = (): boolean =>
  native.activeRequests() === 0 && workerState.forkBlockers === 0;

/** Unless they are recent, or a section of the app may be waiting for that very connection. */
export function giveUpConnecting(since: number): void {
  const isOver = performance.now() - since > connectGraceMs;
  if (isOver && workerState.forkBlockers === 0) native.giveUpConnecting();
}

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
    if (isQuiescent()) return;
    if (performance.now() - started > timeoutMs)
      throw new Error(`${pendingWork()} after ${timeoutMs} ms`);
    giveUpConnecting(graceSince);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function pendingWork(): string {
  const active = native.activeRequests();
  if (active === 0) return `${workerState.forkBlockers} sections of preventFork have not ended`;
  const resources = process.getActiveResourcesInfo().join(', ');
  return `${active} requests of the event loop are still under way (active: ${resources})`;
}
