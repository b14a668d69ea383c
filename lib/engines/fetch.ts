// Turns a Web-standard fetch handler into a node:http listener.
import { getRequestListener } from '@hono/node-server';
import type { FetchHandler, RequestListener } from '../api/app-types.js';

/**
 * Replaces the global Request and Response with the faster ones of @hono/node-server, as its own
 * serve() does.
 */
export function fetchListener(fetch: FetchHandler): RequestListener {
  // Only HTTP/1.0 may do without a Host header (RFC 9110, 7.2); Node refuses other requests.
  const hostname = 'localhost';
  return getRequestListener((request, ...rest) => fetch(request, ...rest), { hostname });
}
