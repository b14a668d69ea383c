// The interface between a worker and its HTTP engine. An engine lives in one worker: it is created
// after the fork and gone before a promotion.
import type { CompletedRequest } from '../api/hooks.js';
import type { App, UwsContext } from '../api/app-types.js';
import type { Latency } from '../protocol/latency.js';
import type { InFlightRequest } from './in-flight-request.js';

export interface EngineOptions {
  readonly app: App;
  /** The app's module file: uWebSockets.js is looked up from there first. */
  readonly appFile: string;
  readonly keepAliveTimeoutMs: number;
  /**
   * Of the listening sockets: Node calls listen(2) on them again, and would set its own. Default:
   * 1024.
   */
  readonly backlog?: number;
  readonly context: Omit<UwsContext, 'uws'>;
  /** Called after each response; absent without a hook, so that it costs nothing. */
  readonly onRequestComplete?: (request: CompletedRequest) => void;
  /** Requests have a timeout: `running` gives their names, and their deadlines can be extended. */
  readonly watchRequests?: boolean;
}

export interface EngineFigures {
  /** Completed requests, since the engine was created. */
  requests: number;
  /** Requests passed to the app and not completed yet. */
  inFlight: number;
  readonly latency: Latency;
}

export interface DrainOptions {
  /**
   * The time during which kept-alive connections still get an answer, with `Connection: close`,
   * before those without a request are closed: one that a client has already sent is not lost.
   */
  readonly lingerMs: number;
  /** The time from the call until all remaining connections are cut. */
  readonly timeoutMs: number;
  /** Called at the timeout with the requests that are about to be cut, if there are any. */
  readonly onCut?: (requests: readonly InFlightRequest[]) => void;
}

export interface Engine {
  readonly figures: EngineFigures;
  /** Requests passed to the app and not completed yet. */
  running(): Iterable<InFlightRequest>;
  /** Starts accepting on the listening sockets, which the engine owns from now on. */
  listen(fds: readonly number[]): Promise<void>;
  /**
   * Stops accepting at once, answers requests in flight and those that still arrive on kept-alive
   * connections, and leaves no connection open. After the linger it waits for requests only: not
   * for a connection that is idle, silent, or has sent a part of a request's head. Resolves with
   * the number of requests that were cut at the timeout; 0 is a clean drain. Afterwards the engine
   * no longer keeps the event loop alive.
   */
  drain(options: DrainOptions): Promise<number>;
}
