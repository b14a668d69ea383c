// One request and its response in uWebSockets.js, from the call of the handler until the response
// ends or the connection is lost. Responses share one prototype, whose methods are replaced once by
// ones that look up the exchange: nothing is allocated on a response, and responses of foreign apps
// pass through unchanged.
import type { InFlightRequest } from './in-flight-request.js';
import type { UwsResponse, UwsText } from './uws-module.js';

/** The part of the engine that its exchanges use. */
export interface ExchangeOwner {
  /** Whether clients are asked to close their connections. */
  readonly draining: boolean;
  /** Called once for each exchange. */
  ended(exchange: Exchange): void;
}

export interface Exchange extends InFlightRequest {
  readonly owner: ExchangeOwner;
  readonly response: UwsResponse;
  /** HEAD: the headers that describe the body are sent, the body is not. */
  readonly isHead: boolean;
  /** The status line or a header has been written. */
  headBegun: boolean;
  /** A part of the body has been written, and hence all headers. */
  bodyBegun: boolean;
  /** An abort handler is attached; it also ends the exchange. */
  guarded: boolean;
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

/** To be called immediately before the handler. */
export function beginExchange(exchange: Exchange): void {
  current = exchange;
}

/**
 * To be called after the handler has returned: uWebSockets.js ends the process if an unanswered
 * request has no abort handler.
 */
export function keepUnanswered(exchange: Exchange): void {
  if (current !== exchange) return;
  if (!exchange.guarded) exchange.response.onAborted(nothing);
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
      exchange.guarded = true;
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
      return write.call(this, chunk);
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
      if (result[1]) finish(exchange);
      return result;
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
