// A request in flight: its views for hooks, reports and titles, and the extension of its timeout.
import { AsyncLocalStorage } from 'node:async_hooks';
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
  /**
   * The handler waits for the rest of the body, or has handed over bytes that the client does not
   * read: that time is not the handler's.
   */
  readonly waitsForClient: boolean;
  /** Ends it and its connection: with 503 as long as nothing of the response is sent. */
  cut(): void;
}

/** Without the query, which may hold secrets. */
export function pathOf({ url }: Pick<InFlightRequest, 'url'>): string {
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

const maxNamed = 5;
const maxPathLength = 100;

/** The oldest requests in one line: `GET /events, 8.2 s; GET /report, 0.4 s; 3 more`. */
export function nameRequests(requests: Iterable<InFlightRequest>): string {
  const all = [...requests].sort((a, b) => a.startedAt - b.startedAt).map(requestInfo);
  const named = all
    .slice(0, maxNamed)
    .map(({ method, url, ageMs }) => `${method} ${shortened(url)}, ${(ageMs / 1000).toFixed(1)} s`);
  if (all.length > maxNamed) named.push(`${all.length - maxNamed} more`);
  return named.join('; ');
}

const shortened = (path: string): string =>
  path.length > maxPathLength ? `${path.slice(0, maxPathLength)}…` : path;

const current = new AsyncLocalStorage<InFlightRequest>();

/**
 * Calls the app so that `extendDeadline` finds the request, even after an await. The async context
 * has a cost, so it is entered only where requests have a timeout.
 */
export function runWithRequest<T>(request: InFlightRequest, call: () => T): T {
  return current.run(request, call);
}

/** Extends the timeout of the request whose handler calls it; no effect outside a request. */
export function extendDeadline(ms: number): void {
  const request = current.getStore();
  if (request) request.extensionMs += ms;
}
