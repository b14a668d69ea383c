// HTTP servers for operators (control socket, remote control, metrics), with limits that keep a
// slow or greedy client from occupying the monitor.
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';

const maxClients = 64;
/** From the connection to the last byte of the request. */
const requestTimeoutMs = 10_000;
const checkIntervalMs = 1_000;

type OwnLimits = Pick<ServerOptions, 'maxHeaderSize' | 'keepAliveTimeout'>;

export function createOperatorsServer(limits: OwnLimits, listener: RequestListener): Server {
  const server = createServer(
    {
      ...limits,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: checkIntervalMs,
    },
    (request, response) => {
      // A client that disconnects is not an error of ours.
      request.on('error', () => undefined);
      response.on('error', () => undefined);
      listener(request, response);
    },
  );
  server.maxConnections = maxClients;
  return server;
}

/** The server owns the descriptor from now on. */
export function listenOn(fd: number, server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
