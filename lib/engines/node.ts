// Serves a node:http listener. The http server accepts on the first descriptor; plain net servers
// accept on the others and pass their connections to it. Every request passed to the listener is in
// `#running` until its response has closed.
import { onRejection } from '../base/is-thenable.js';
import { stackOf } from '../base/error-text.js';
import { printable } from '../base/printable.js';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, createServer as createNetServer, type Socket } from 'node:net';
import type { RequestListener } from '../api/app-types.js';
import { announceClose } from './announce-close.js';
import type { DrainOptions, Engine, EngineFigures, EngineOptions } from './engine.js';
import { runWithRequest, type InFlightRequest } from './in-flight-request.js';
import { Meter } from './meter.js';
import { NodeConnection, NodeExchange } from './node-exchange.js';

export type NodeEngineOptions = Pick<
  EngineOptions,
  'keepAliveTimeoutMs' | 'backlog' | 'onRequestComplete' | 'watchRequests'
> & { readonly listener: RequestListener };

const defaultBacklog = 1024;

export class NodeEngine implements Engine {
  readonly figures: EngineFigures;
  readonly #listener: RequestListener;
  readonly #backlog: number;
  readonly #watchRequests: boolean;
  readonly #meter: Meter;
  readonly #server: Server;
  #acceptors: NetServer[] = [];
  readonly #connections = new Map<Socket, NodeConnection>();
  readonly #running = new Map<ServerResponse, NodeExchange>();
  /** One function for all responses: a closure for each would be the main cost here. */
  readonly #onResponseClose: (this: ServerResponse) => void = closeListener((response) =>
    this.#end(response),
  );
  #draining = false;
  /** While draining: checks whether anything is left to wait for. */
  #onProgress: () => void = () => undefined;

  constructor(options: NodeEngineOptions) {
    this.#listener = options.listener;
    this.#backlog = options.backlog ?? defaultBacklog;
    this.#watchRequests = options.watchRequests ?? false;
    this.#meter = new Meter(options.onRequestComplete);
    this.figures = this.#meter.figures;
    const onRequest = this.#onRequest.bind(this);
    this.#server = createServer({ keepAliveTimeout: options.keepAliveTimeoutMs }, onRequest);
    this.#server.on('connection', (socket: Socket) => this.#connect(socket));
  }

  running(): Iterable<InFlightRequest> {
    return this.#running.values();
  }

  async listen(fds: readonly number[]): Promise<void> {
    for (const fd of fds) {
      const acceptor = this.#acceptors.length === 0 ? this.#server : this.#feeder();
      this.#acceptors.push(acceptor);
      await new Promise<void>((resolve, reject) => {
        acceptor.once('error', reject);
        // listen(2) is called again on the descriptor: without the backlog Node would set its own.
        acceptor.listen({ fd }, this.#backlog, () => {
          acceptor.off('error', reject);
          resolve();
        });
      });
    }
  }

  async drain({ lingerMs, timeoutMs, onCut }: DrainOptions): Promise<number> {
    this.#draining = true;
    // Server.close() of http would close idle connections at once, even of clients that are sending
    // a request at that moment.
    for (const acceptor of this.#acceptors) NetServer.prototype.close.call(acceptor);
    this.#acceptors = [];
    for (const exchange of this.#running.values()) announceClose(exchange);

    let lingering = true;
    let cut = 0;
    await new Promise<void>((resolve) => {
      const linger = setTimeout(() => {
        lingering = false;
        // In the check phase: everything that has arrived by now was read in the poll phase before.
        setImmediate(() => this.#onProgress());
      }, lingerMs);
      const timeout = setTimeout(() => {
        cut = this.figures.inFlight;
        if (cut > 0) onCut?.([...this.running()]);
        for (const socket of this.#connections.keys()) socket.destroy();
      }, timeoutMs);
      this.#onProgress = () => {
        if (!lingering && this.#running.size === 0) this.#closeIdle();
        if (this.#connections.size > 0 || this.#running.size > 0) return;
        clearTimeout(linger);
        clearTimeout(timeout);
        resolve();
      };
      this.#onProgress();
    });
    // Nothing is open any more; this clears the interval at which Node checks for slow clients.
    this.#server.close();
    return cut;
  }

  #feeder(): NetServer {
    return createNetServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#server.emit('connection', socket);
    });
  }

  #connect(socket: Socket): NodeConnection {
    const connection = new NodeConnection(socket);
    this.#connections.set(socket, connection);
    socket.once('close', () => {
      this.#connections.delete(socket);
      // Pipelined requests get no event while they wait for their turn.
      for (const { response } of connection.exchanges) this.#end(response);
      if (this.#draining) this.#onProgress();
    });
    return connection;
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.get(request.socket) ?? this.#connect(request.socket);
    if (connection.isClosing) return;
    const exchange = new NodeExchange(connection, request, response, this.#meter.begin());
    connection.begin(exchange);
    this.#running.set(response, exchange);
    response.on('close', this.#onResponseClose);
    response.on('error', logFailure);
    if (this.#draining) announceClose(exchange);
    try {
      const result = this.#watchRequests
        ? runWithRequest(exchange, () => this.#listener(request, response))
        : this.#listener(request, response);
      onRejection(result, (error) => fail(response, error));
    } catch (error) {
      fail(response, error);
    }
  }

  #end(response: ServerResponse): void {
    const exchange = this.#running.get(response);
    if (exchange === undefined) return;
    this.#running.delete(response);
    exchange.connection.exchanges.delete(exchange);
    this.#meter.end(exchange.startedAt, response.req);
    if (this.#draining) this.#onProgress();
  }

  /** Closes connections without a request, also those that have sent the beginning of one. */
  #closeIdle(): void {
    for (const { socket, exchanges } of this.#connections.values())
      if (exchanges.size === 0) socket.destroy();
  }
}

function closeListener(end: (response: ServerResponse) => void): (this: ServerResponse) => void {
  return function onClose() {
    end(this);
  };
}

/**
 * An error thrown by the app affects only its own request: 500, or a cut connection if the response
 * had already begun.
 */
function fail(response: ServerResponse, error: unknown): void {
  logFailure(error);
  if (response.writableEnded) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.statusCode = 500;
  response.end('Internal Server Error\n');
}

/** Also listens for a write after the end, which would otherwise crash the worker. */
function logFailure(error: unknown): void {
  const text = stackOf(error);
  process.stderr.write(`request failed: ${printable(text)}\n`);
}
