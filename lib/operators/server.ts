// HTTP servers for operators (control socket, remote control, metrics), with limits that keep slow
// or greedy clients from occupying the monitor, or from keeping others out.
import { createServer, type RequestListener, type Server } from 'node:http';
import { Clients, type ClientRules } from './clients.js';

/** From the connection, or the first byte of a later request, to the end of its head. */
const headMs = 4_000;
/** To the end of the body. */
const requestMs = 5_000;
const checkMs = 1_000;
/** Where requests in flight keep their places; far below the usual limit of descriptors. */
const maxConnections = 256;

export interface OperatorsServerOptions extends ClientRules {
  readonly maxHeaderBytes: number;
  readonly keepAliveMs: number;
}

export function createOperatorsServer(
  { maxHeaderBytes, keepAliveMs, ...rules }: OperatorsServerOptions,
  listener: RequestListener,
): Server {
  const clients = new Clients(rules);
  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      keepAliveTimeout: keepAliveMs,
      headersTimeout: headMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: checkMs,
    },
    (request, response) => {
      // A client that disconnects is not an error of ours.
      request.on('error', () => undefined);
      response.on('error', () => undefined);
      clients.begin(request.socket, response);
      listener(request, response);
    },
  );
  server.maxConnections = maxConnections;
  server.on('connection', (socket) => clients.add(socket));
  server.on('close', () => clients.close());
  return server;
}
