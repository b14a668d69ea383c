// Serves a node:http listener. The http server accepts on the first descriptor; plain net servers
// accept on the others and pass their connections to it. Every request passed to the listener is in
// `#running` until its response has closed.
import { isThenable } from '../base/is-thenable.js';
import { stackOf } from '../base/error-text.js';
import { printable } from '../base/printable.js';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, createServer as createNetServer, type Socket } from 'node:net';
import type { RequestListener } from '../api/app-types.js';
import { announceClose } from './announce-close.js';
import type { DrainOptions, Engine, EngineFigures, EngineOptions } from './engine.js';
import type { InFlightRequest } from './in-flight-request.js';
import { Meter } from './meter.js';
import { runWithRequest } from './deadline-extension.js';

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
  readonly #sockets = new Set<Socket>();
  readonly #running = new Map<ServerResponse, InFlightRequest>();
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
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        if (this.#draining) this.#onProgress();
      });
    });
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

  async drain({ lingerMs, timeoutMs }: DrainOptions): Promise<number> {
    this.#draining = true;
    // Server.close() of http would close idle connections at once, even of clients that are sending
    // a request at that moment.
    for (const acceptor of this.#acceptors) NetServer.prototype.close.call(acceptor);
    this.#acceptors = [];
    for (const response of this.#running.keys()) announceClose(response);

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
        for (const socket of this.#sockets) socket.destroy();
      }, timeoutMs);
      this.#onProgress = () => {
        // Node considers a connection idle as soon as the app has ended the response, even if that
        // is not sent yet.
        if (!lingering && this.#running.size === 0) this.#closeIdle();
        if (this.#sockets.size > 0 || this.#running.size > 0) return;
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

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '' } = request;
    const running = { method, url, startedAt: this.#meter.begin(), extensionMs: 0 };
    this.#running.set(response, running);
    response.on('close', this.#onResponseClose);
    response.on('error', logFailure);
    // A pipelined request waits for its turn without a socket, and gets no event if the connection
    // is lost meanwhile.
    if (response.socket === null) request.socket.once('close', () => this.#end(response));
    if (this.#draining) announceClose(response);
    try {
      const result = this.#watchRequests
        ? runWithRequest(running, () => this.#listener(request, response))
        : this.#listener(request, response);
      if (isThenable(result)) result.then(undefined, (error: unknown) => fail(response, error));
    } catch (error) {
      fail(response, error);
    }
  }

  #end(response: ServerResponse): void {
    const running = this.#running.get(response);
    if (running === undefined) return;
    this.#running.delete(response);
    this.#meter.end(running.startedAt, response.req);
    if (this.#draining) this.#onProgress();
  }

  /** Closes connections without a request, not even the beginning of one. */
  #closeIdle(): void {
    this.#server.closeIdleConnections();
    // Node considers a connection idle only after its first request.
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
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
