// Extends the timeout of a single request at the app's request. An async context leads from the
// app's code to its request; it has a cost, so it is entered only where requests have a timeout.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { InFlightRequest } from './in-flight-request.js';

const current = new AsyncLocalStorage<InFlightRequest>();

/** Calls the app so that `extendDeadline` finds the request, even after an await. */
export function runWithRequest<T>(request: InFlightRequest, call: () => T): T {
  return current.run(request, call);
}

/** Has no effect outside a request. */
export function extendDeadline(ms: number): void {
  const request = current.getStore();
  if (request) request.extensionMs += ms;
}
