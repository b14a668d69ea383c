// How much longer than others a request may take, because the app said so. An async context leads
// from the app's code to its request; it costs something, so it is entered only where requests have
// a timeout.
import { AsyncLocalStorage } from 'node:async_hooks';

/** A request that the app was given and has not answered yet. */
export interface InFlightRequest {
  readonly method: string;
  readonly url: string;
  /** As of `performance.now()`. */
  readonly startedAt: number;
  /** What is added to its timeout; Infinity for none. */
  extensionMs: number;
}

const current = new AsyncLocalStorage<InFlightRequest>();

/** Calls the app so that `extend` finds the request, also after awaits. */
export function runWithRequest<T>(request: InFlightRequest, call: () => T): T {
  return current.run(request, call);
}

/** Without an effect outside of a request. */
export function extendDeadline(ms: number): void {
  const request = current.getStore();
  if (request) request.extensionMs += ms;
}
