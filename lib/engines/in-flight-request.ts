// A request in flight, and its views for hooks, reports and titles.
import type { RequestInfo } from '../api/hooks.js';
import { textLength, truncated } from '../protocol/limits.js';

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
  const url = truncated(pathOf(request), textLength.url);
  return { method: request.method, url, ageMs: ageMs(request) };
}
