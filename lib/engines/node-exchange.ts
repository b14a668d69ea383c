// The requests of node:http, and the connections that they arrive on. Pipelined requests are
// handled as soon as they arrive and answered in turn, so a connection can have several at a time.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { InFlightRequest } from './in-flight-request.js';

/** Closes the connection, so it needs no date and no length but 0. */
const unavailable =
  'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

export class NodeConnection {
  readonly socket: Socket;
  /** A request is removed when its response has closed. */
  readonly exchanges = new Set<NodeExchange>();
  #latest: NodeExchange | undefined;
  #closing = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  begin(exchange: NodeExchange): void {
    this.exchanges.add(exchange);
    this.#latest = exchange;
  }

  /**
   * Makes the response the last one, if no later request has arrived: the responses of those, whose
   * handlers run already, would be lost.
   */
  closeWith(exchange: NodeExchange): boolean {
    if (exchange !== this.#latest) return false;
    this.#closing = true;
    return true;
  }

  /**
   * A response has announced the end: "The server MUST NOT process any further requests received
   * on that connection" (RFC 9112, 9.6).
   */
  get isClosing(): boolean {
    return this.#closing;
  }
}

export class NodeExchange implements InFlightRequest {
  readonly method: string;
  readonly url: string;
  readonly startedAt: number;
  extensionMs = 0;
  readonly connection: NodeConnection;
  readonly response: ServerResponse;
  readonly #request: IncomingMessage;

  constructor(
    connection: NodeConnection,
    request: IncomingMessage,
    response: ServerResponse,
    startedAt: number,
  ) {
    this.connection = connection;
    this.response = response;
    this.startedAt = startedAt;
    this.#request = request;
    ({ method: this.method = '', url: this.url = '' } = request);
  }

  /** Also while an ended response waits for its turn: the handler has done its part. */
  get waitsForClient(): boolean {
    const { response } = this;
    if (response.writableEnded || (response.socket?.writableLength ?? 0) > 0) return true;
    const request = this.#request;
    return !request.complete && request.readableLength === 0 && isBeingRead(request);
  }

  /**
   * Past the response object, which stays as it is: an app that still sets a header must not get
   * an error for it, since one thrown in a timer would end the worker.
   */
  cut(): void {
    const { socket } = this.connection;
    const { response } = this;
    const isUnanswered = !response.headersSent && response.socket === socket;
    if (isUnanswered && socket.writable && socket.writableLength === 0) {
      socket.write(unavailable);
      socket.destroySoon();
    } else socket.destroy();
  }
}

/** By 'data', a pipe or a loop; a handler that ignores the body does not wait for it. */
function isBeingRead(request: IncomingMessage): boolean {
  return request.readableFlowing === true || request.listenerCount('readable') > 0;
}
