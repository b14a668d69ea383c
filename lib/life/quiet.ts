// Waits until libuv has no request under way: a fork would carry it out twice, or never.
import { native } from '../native.js';

/** The event loop's check phase, the one place from where a fork may start. */
export const checkPhase = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Rejects with the names of what is still active after `timeoutMs`. Resolves in the check phase.
 */
export async function quiet(timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    await checkPhase();
    const active = native.activeRequests();
    if (active === 0) return;
    if (performance.now() > deadline)
      throw new Error(
        `${active} requests of the event loop are still under way after ${timeoutMs} ms ` +
          `(active: ${process.getActiveResourcesInfo().join(', ')})`,
      );
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
