// Makes a response of node:http the last one on its connection, and announces that to the client.
import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { NodeExchange } from './node-exchange.js';

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];
type WriteHead = (
  this: ServerResponse,
  status: number,
  reason?: string | Headers,
  headers?: Headers,
) => ServerResponse;

/**
 * Adds `Connection: close` to the response, overriding the app's own value (a proxy copies that of
 * its upstream), unless a later request has arrived when its head is written. All headers pass
 * through writeHead, which frameworks replace on the object too: so it is wrapped there.
 */
export function announceClose(exchange: NodeExchange): void {
  const { connection, response } = exchange;
  if (response.headersSent) return;
  const writeHead = response.writeHead.bind(response) as WriteHead;
  const replacement: WriteHead = function (status, reason, headers) {
    if (!connection.closeWith(exchange)) return writeHead.call(response, status, reason, headers);
    const given = typeof reason === 'string' ? headers : (headers ?? reason);
    if (given === undefined) response.setHeader('Connection', 'close');
    const closing = given && withConnectionClose(given);
    return typeof reason === 'string'
      ? writeHead.call(response, status, reason, closing)
      : writeHead.call(response, status, closing);
  };
  response.writeHead = replacement;
}

/** A list stays a list: it may contain a header twice. */
function withConnectionClose(headers: Headers): Headers {
  if (Array.isArray(headers)) return [...withoutConnection(headers), 'Connection', 'close'];
  const others = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'connection');
  return { ...Object.fromEntries(others), Connection: 'close' };
}

/**
 * Node accepts lists of two shapes: `[name, value, name, value]` and `[[name, value], [name,
 * value]]`.
 */
function withoutConnection(list: OutgoingHttpHeader[]): OutgoingHttpHeader[] {
  const flat: OutgoingHttpHeader[] = Array.isArray(list[0]) ? list.flat() : list;
  const nameOf = (index: number): string => String(flat[index - (index % 2)]).toLowerCase();
  return flat.filter((_, index) => nameOf(index) !== 'connection');
}
