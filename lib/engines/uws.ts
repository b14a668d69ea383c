// Serves an app of uWebSockets.js. That library can neither listen on a given descriptor nor list
// its connections, so both are done below it: the given listening socket replaces the one that it
// has opened, and the kernel lists the connections.
import { onRejection } from '../base/is-thenable.js';
import { stackOf } from '../base/error-text.js';
import { printable } from '../base/printable.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { native } from '../system/native.js';
import type { Connection } from '../system/native-types.js';
import type { DrainOptions, Engine, EngineFigures, EngineOptions } from './engine.js';
import { runWithRequest, type InFlightRequest } from './in-flight-request.js';
import { Meter } from './meter.js';
import {
  beginExchange,
  Exchange,
  type ExchangeOwner,
  isOpen,
  keepUnanswered,
  unansweredOf,
  watchResponses,
} from './uws-exchange.js';
import type {
  UwsBehavior,
  UwsHandler,
  UwsModule,
  UwsResponse,
  UwsSocket,
  UwsTemplatedApp,
} from './uws-module.js';

const methods = [
  'get',
  'post',
  'put',
  'patch',
  'del',
  'options',
  'head',
  'connect',
  'trace',
  'any',
] as const;

/** The WebSocket close code for a server that is going away. */
const goingAway = 1001;
/** The interval at which a draining engine checks for remaining connections. */
const drainPollMs = 20;
/** The time for uWebSockets.js to notice the end of its last connections. */
const closeGraceMs = 1000;

type Route = (pattern: string, handler: UwsHandler) => UwsTemplatedApp;

export class UwsEngine implements Engine, ExchangeOwner {
  readonly figures: EngineFigures;
  draining = false;
  readonly #uws: UwsModule;
  readonly #app: UwsTemplatedApp;
  readonly #meter: Meter;
  readonly #watchRequests: boolean;
  readonly #webSockets = new Set<UwsSocket>();
  /**
   * The given listening sockets, kept open until the end of the drain: connections are found by the
   * address of the socket that accepted them.
   */
  #fds: readonly number[] = [];
  #listenSockets: object[] = [];

  /** To be called only after the fork: an app is bound to the process that created it. */
  constructor(uws: UwsModule, options: Pick<EngineOptions, 'onRequestComplete' | 'watchRequests'>) {
    this.#uws = uws;
    this.#watchRequests = options.watchRequests ?? false;
    this.#meter = new Meter(options.onRequestComplete);
    this.figures = this.#meter.figures;
    this.#app = uws.App();
  }

  /**
   * The app to pass to the register function: its routes are counted and take part in the drain.
   */
  get app(): UwsTemplatedApp {
    const app = this.#app;
    const routes: Record<string, unknown> = app;
    for (const method of methods) {
      const route = (routes[method] as Route).bind(app);
      routes[method] = (pattern: string, handler: UwsHandler) =>
        route(pattern, this.#watched(handler, method));
    }
    const ws = app.ws.bind(app);
    app.ws = (pattern, behavior) => ws(pattern, this.#watchedBehavior(behavior));
    for (const method of ['listen', 'listen_unix'])
      routes[method] = () => {
        throw new Error(
          `cannot call app.${method}() in uws(…): the server listens for you, ` +
            'on the addresses in its config',
        );
      };
    return app;
  }

  running(): Iterable<InFlightRequest> {
    return unansweredOf(this);
  }

  async listen(fds: readonly number[]): Promise<void> {
    this.#fds = fds;
    const listen = Object.getPrototypeOf(this.#app) as UwsTemplatedApp;
    for (const fd of fds)
      listen.listen.call(this.#app, '127.0.0.1', 0, (socket) => {
        if (socket === false) throw new Error('uWebSockets.js could not listen on 127.0.0.1');
        this.#listenSockets.push(socket);
        // Still in the same tick: the event loop has not polled the descriptor yet, and will find
        // the given socket in its place.
        native.replaceDescriptor(fd, native.findListener(this.#uws.us_socket_local_port(socket)));
      });
  }

  async drain({ lingerMs, timeoutMs, onCut }: DrainOptions): Promise<number> {
    const start = performance.now();
    this.draining = true;
    for (const socket of this.#listenSockets) this.#uws.us_listen_socket_close(socket);
    this.#listenSockets = [];
    for (const socket of this.#webSockets) socket.end(goingAway, 'server is going away');

    let connections = this.#connections();
    while (connections.length > 0) {
      const elapsed = performance.now() - start;
      if (elapsed >= timeoutMs) break;
      if (elapsed >= lingerMs && this.figures.inFlight === 0)
        for (const { fd, unread, unsent } of connections)
          if (unread === 0 && unsent === 0) native.endReading(fd);
      await sleep(Math.min(drainPollMs, timeoutMs - elapsed));
      connections = this.#connections();
    }
    const cut = connections.length > 0 ? await this.#cut(connections, onCut) : 0;
    for (const fd of this.#fds) native.closeDescriptor(fd);
    this.#fds = [];
    return cut;
  }

  ended(exchange: Exchange): void {
    this.#meter.end(exchange.startedAt, exchange);
  }

  /** Ends every connection now; resolves with the number of requests not answered in full. */
  async #cut(connections: Connection[], onCut: DrainOptions['onCut']): Promise<number> {
    const unanswered = unansweredOf(this);
    if (unanswered.length > 0) onCut?.(unanswered);
    for (const { response } of unanswered) response.close();
    const unsent = connections.filter((connection) => connection.unsent > 0).map(({ fd }) => fd);
    const left = this.#connections();
    for (const { fd } of left) native.endReading(fd);
    const halfSent = left.filter(({ fd }) => unsent.includes(fd)).length;
    const deadline = performance.now() + closeGraceMs;
    while (this.#connections().length > 0 && performance.now() < deadline) await sleep(1);
    return unanswered.length + halfSent;
  }

  #connections(): Connection[] {
    const found = new Map<number, Connection>();
    for (const fd of this.#fds)
      for (const connection of native.connectionsOf(fd)) found.set(connection.fd, connection);
    return [...found.values()];
  }

  #watched(handler: UwsHandler, method: (typeof methods)[number] | 'upgrade'): UwsHandler {
    const meter = this.#meter;
    const isWatched = this.#watchRequests;
    const wantsNames = meter.wantsNames || isWatched;
    return (response, request, context) => {
      watchResponses(response);
      const isHead = method === 'head' || (method === 'any' && request.getMethod() === 'head');
      const exchange = new Exchange(this, response, meter.begin(), isHead);
      if (wantsNames) exchange.setName(request);
      beginExchange(exchange);
      try {
        const result = isWatched
          ? runWithRequest(exchange, () => handler(response, request, context))
          : handler(response, request, context);
        // Most handlers return the response, or nothing.
        if (result !== response) onRejection(result, (error) => fail(exchange, error));
      } catch (error) {
        fail(exchange, error);
      }
      keepUnanswered(exchange, request);
    };
  }

  #watchedBehavior(behavior: UwsBehavior): UwsBehavior {
    const { upgrade, open, close } = behavior;
    return {
      ...behavior,
      ...(upgrade && { upgrade: this.#watched(upgrade, 'upgrade') }),
      open: (socket) => {
        this.#webSockets.add(socket);
        const result = open?.(socket);
        if (this.draining && this.#webSockets.has(socket)) socket.end(goingAway);
        return result;
      },
      close: (socket, ...rest) => {
        this.#webSockets.delete(socket);
        return close?.(socket, ...rest);
      },
    };
  }
}

/**
 * An error thrown by the app affects only its own request: 500, or a cut connection if the response
 * had already begun.
 */
function fail(exchange: Exchange, error: unknown): void {
  const text = stackOf(error);
  process.stderr.write(`request failed: ${printable(text)}\n`);
  if (isOpen(exchange)) answerFailure(exchange.response, exchange.headBegun);
}

function answerFailure(response: UwsResponse, begun: boolean): void {
  if (begun) response.close();
  else
    response.cork(() => {
      response.writeStatus('500 Internal Server Error').end('Internal Server Error\n');
    });
}
