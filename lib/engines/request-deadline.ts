// Extends the timeout of a single request on behalf of the app. An async context leads from the
// app's code to its request; it has a cost, so it is entered only where requests have a timeout.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { InFlightRequest } from './in-flight-request.js';

const current = new AsyncLocalStorage<InFlightRequest>();

/** Calls the app such that `extendDeadline` finds the request, also after awaits. */
export function runWithRequest<T>(request: InFlightRequest, call: () => T): T {
  return current.run(request, call);
}

/** No effect outside of a request. */
export function extendDeadline(ms: number): void {
  const request = current.getStore();
  if (request) request.extensionMs += ms;
}
