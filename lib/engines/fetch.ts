// Turns a Web-standard fetch handler into a node:http listener.
import { getRequestListener } from '@hono/node-server';
import type { FetchHandler, RequestListener } from '../api/app-kind.js';

/**
 * As @hono/node-server's own serve(): it puts its faster Request and Response in place of the
 * global ones.
 */
export function fetchListener(fetch: FetchHandler): RequestListener {
  return getRequestListener((request, ...rest) => fetch(request, ...rest));
}
