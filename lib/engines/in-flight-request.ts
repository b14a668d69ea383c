// A request in flight, and its views for hooks, reports and titles.
import type { RequestInfo } from '../api/hooks.js';

/** A request passed to the app and not completed yet. */
export interface InFlightRequest {
  readonly method: string;
  readonly url: string;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  /** Extends its timeout; Infinity disables it. */
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
