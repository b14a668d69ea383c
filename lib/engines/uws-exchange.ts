// One request and its response in uWebSockets.js, from the call of the handler until the response
// ends or the connection is lost. Responses share one prototype, whose methods are replaced once by
// ones that look up the exchange: nothing is allocated on a response, and responses of foreign apps
// pass through unchanged.
import type { InFlightRequest } from './in-flight-request.js';
import type { UwsRequest, UwsResponse, UwsText } from './uws-module.js';

/** The part of the engine that its exchanges use. */
export interface ExchangeOwner {
  /** Whether clients are asked to close their connections. */
  readonly draining: boolean;
  /** Called once for each exchange. */
  ended(exchange: Exchange): void;
}

export class Exchange implements InFlightRequest {
  method = '';
  url = '';
  extensionMs = 0;
  /** The status line or a header has been written. */
  headBegun = false;
  /** A part of the body has been written, and hence all headers. */
  bodyBegun = false;
  /** The app's abort handler, or one in its place; it also ends the exchange. */
  onAborted: (() => void) | undefined;
  /** The app has asked for the body, whose end has not arrived. */
  awaitsBody = false;
  /** The app has paused the body. */
  paused = false;
  /** A part of the body has arrived that the app has not read, as far as is known. */
  hasUnread = false;
  /** The last write was more than the client has read. */
  blocked = false;

  constructor(
    readonly owner: ExchangeOwner,
    readonly response: UwsResponse,
    readonly startedAt: number,
    /** HEAD: the headers that describe the body are sent, the body is not. */
    readonly isHead: boolean,
  ) {}

  /** To be called before the handler returns: uWebSockets.js reuses the request. */
  setName(request: UwsRequest): void {
    const query = request.getQuery();
    this.method = request.getMethod().toUpperCase();
    this.url = query ? `${request.getUrl()}?${query}` : request.getUrl();
  }

  get waitsForClient(): boolean {
    return this.blocked || (this.awaitsBody && !this.paused && !this.hasUnread);
  }

  /** The app's abort handler is called, since the response is no longer its own. */
  cut(): void {
    const { response, onAborted } = this;
    if (!isOpen(this)) return;
    if (this.headBegun) return void response.close();
    response.cork(() => response.writeStatus('503 Service Unavailable').end('', true));
    onAborted?.();
  }
}

/** The exchange of the running handler; most handlers end it before they return. */
let current: Exchange | undefined;
/** Exchanges whose handler returned without an answer. */
const pending = new Map<UwsResponse, Exchange>();

function find(response: UwsResponse): Exchange | undefined {
  return current?.response === response ? current : pending.get(response);
}

export function isOpen(exchange: Exchange): boolean {
  return find(exchange.response) === exchange;
}

/** For a handler's wrapper, which reads the body on its behalf. */
export function markUnread(response: UwsResponse, hasUnread: boolean): void {
  const exchange = find(response);
  if (exchange) exchange.hasUnread = hasUnread;
}

/** To be called immediately before the handler. */
export function beginExchange(exchange: Exchange): void {
  current = exchange;
}

/**
 * To be called after the handler has returned: uWebSockets.js ends the process if an unanswered
 * request has no abort handler. Only requests that outlive it are named: reading the name takes
 * time.
 */
export function keepUnanswered(exchange: Exchange, request: UwsRequest): void {
  if (current !== exchange) return;
  if (exchange.method === '') exchange.setName(request);
  if (!exchange.onAborted) exchange.response.onAborted(nothing);
  current = undefined;
  pending.set(exchange.response, exchange);
}

export function unansweredOf(owner: ExchangeOwner): Exchange[] {
  return [...pending.values()].filter((exchange) => exchange.owner === owner);
}

function nothing(): void {}

function finish(exchange: Exchange): void {
  if (current === exchange) current = undefined;
  else if (!pending.delete(exchange.response)) return;
  exchange.owner.ended(exchange);
}

let watchedPrototype: object | undefined;

/** Replaces the methods of all responses; cheap enough to be called for each. */
export function watchResponses(response: UwsResponse): void {
  const prototype = Object.getPrototypeOf(response) as UwsResponse;
  if (prototype === watchedPrototype) return;
  watchedPrototype = prototype;
  Object.assign(prototype, headMethods(prototype), bodyMethods(prototype), endMethods(prototype));
  Object.assign(prototype, flowMethods(prototype));
}

type Methods = Partial<UwsResponse> & ThisType<UwsResponse>;

/* eslint-disable @typescript-eslint/unbound-method -- they are called with the response */

function headMethods({ writeStatus, writeHeader, upgrade, onAborted }: UwsResponse): Methods {
  return {
    writeStatus(status) {
      const exchange = find(this);
      if (exchange) exchange.headBegun = true;
      return writeStatus.call(this, status);
    },
    writeHeader(name, value) {
      const exchange = find(this);
      if (exchange) exchange.headBegun = true;
      return writeHeader.call(this, name, value);
    },
    upgrade(...parameters) {
      const exchange = find(this);
      upgrade.apply(this, parameters);
      if (exchange) finish(exchange);
    },
    onAborted(callback) {
      const exchange = find(this);
      if (!exchange) return onAborted.call(this, callback);
      exchange.onAborted = callback;
      return onAborted.call(this, () => {
        finish(exchange);
        callback();
      });
    },
  };
}

function bodyMethods({ write, writeHeader, tryEnd, endWithoutBody }: UwsResponse): Methods {
  // Only after end() can uWebSockets.js close the connection itself; otherwise the header asks the
  // client to do so.
  function beginBody(response: UwsResponse, exchange: Exchange): void {
    if (exchange.owner.draining && !exchange.bodyBegun)
      writeHeader.call(response, 'Connection', 'close');
    exchange.bodyBegun = true;
  }
  return {
    write(chunk) {
      const exchange = find(this);
      if (!exchange) return write.call(this, chunk);
      if (exchange.isHead) return true;
      beginBody(this, exchange);
      const keepsUp = write.call(this, chunk);
      exchange.blocked = !keepsUp;
      return keepsUp;
    },
    tryEnd(body, totalSize) {
      const exchange = find(this);
      if (!exchange) return tryEnd.call(this, body, totalSize);
      beginBody(this, exchange);
      if (exchange.isHead) {
        writeHeader.call(this, 'Content-Length', String(totalSize));
        endWithoutBody.call(this);
        finish(exchange);
        return [true, true];
      }
      const result = tryEnd.call(this, body, totalSize);
      exchange.blocked = !result[0];
      if (result[1]) finish(exchange);
      return result;
    },
  };
}

/** Observes in which direction, if any, the handler waits for its client. */
function flowMethods({ onData, onWritable, pause, resume }: UwsResponse): Methods {
  return {
    onData(callback) {
      const exchange = find(this);
      if (!exchange) return onData.call(this, callback);
      // Later the whole body may have passed already.
      exchange.awaitsBody = exchange === current;
      return onData.call(this, (chunk, isLast) => {
        if (isLast) exchange.awaitsBody = false;
        callback(chunk, isLast);
      });
    },
    onWritable(callback) {
      const exchange = find(this);
      if (!exchange) return onWritable.call(this, callback);
      return onWritable.call(this, (offset) => {
        exchange.blocked = false;
        return callback(offset);
      });
    },
    pause() {
      const exchange = find(this);
      if (exchange) exchange.paused = true;
      return pause.call(this);
    },
    resume() {
      const exchange = find(this);
      if (exchange) exchange.paused = false;
      return resume.call(this);
    },
  };
}

function endMethods({ end, endWithoutBody, writeHeader, close }: UwsResponse): Methods {
  return {
    end(body, closeConnection) {
      const exchange = find(this);
      if (!exchange) return end.call(this, body, closeConnection);
      const closing = closeConnection === true || exchange.owner.draining;
      if (exchange.isHead) {
        if (closing) writeHeader.call(this, 'Connection', 'close');
        writeHeader.call(this, 'Content-Length', String(byteLength(body)));
        endWithoutBody.call(this);
      }
      // After a first write the header would end up in the middle of the body.
      else end.call(this, body, closing && !exchange.bodyBegun);
      finish(exchange);
      return this;
    },
    endWithoutBody(...parameters) {
      const exchange = find(this);
      if (exchange?.owner.draining && !exchange.bodyBegun)
        writeHeader.call(this, 'Connection', 'close');
      // Exactly the given arguments: uWebSockets.js depends on their number.
      endWithoutBody.apply(this, parameters);
      if (exchange) finish(exchange);
      return this;
    },
    close() {
      const exchange = find(this);
      close.call(this);
      if (exchange) finish(exchange);
      return this;
    },
  };
}

function byteLength(body: UwsText | undefined): number {
  if (body === undefined) return 0;
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
}
