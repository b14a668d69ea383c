// A request in the app's hands, and the views of it that hooks, reports and titles show.
import type { RequestInfo } from '../api/hooks.js';

/** A request that the app was given and has not answered yet. */
export interface InFlightRequest {
  readonly method: string;
  readonly url: string;
  /** As of `performance.now()`. */
  readonly startedAt: number;
  /** Added to its timeout; Infinity for none. */
  extensionMs: number;
}

/** Without the query, which may hold secrets. */
export function pathOf({ url }: InFlightRequest): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function ageMs({ startedAt }: InFlightRequest): number {
  return Math.round(performance.now() - startedAt);
}

/** For other processes and the log. */
export function requestInfo(request: InFlightRequest): RequestInfo {
  return { method: request.method, url: pathOf(request), ageMs: ageMs(request) };
}
