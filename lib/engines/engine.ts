// What a worker asks of an HTTP engine. An engine lives in one worker: made after the fork, gone
// before a promotion.
import type { CompletedRequest } from '../api/hooks.js';
import type { App, UwsContext } from '../api/app-kind.js';
import type { Latency } from '../protocol/latency.js';
import type { InFlightRequest } from './in-flight-request.js';

export interface EngineOptions {
  readonly app: App;
  /** The app's module file: uWebSockets.js is looked up from there first. */
  readonly appFile: string;
  readonly keepAliveTimeoutMs: number;
  /**
   * Of the listening sockets: Node calls listen(2) on them once more, and would set its own. 1024
   * if absent.
   */
  readonly backlog?: number;
  readonly context: Omit<UwsContext, 'uws'>;
  /** Called after each response; absent when nobody listens, so that it costs nothing. */
  readonly onRequestComplete?: (request: CompletedRequest) => void;
  /** Requests have a timeout: `running` names them, and their deadlines can be extended. */
  readonly watchRequests?: boolean;
}

export interface EngineFigures {
  /** Requests handed to the app and ended, since the engine was made. */
  requests: number;
  /** Requests handed to the app and not ended yet. */
  inFlight: number;
  readonly latency: Latency;
}

export interface DrainOptions {
  /**
   * How long connections that are kept alive still get an answer, with `Connection: close`, before
   * idle ones are closed: what a client has already sent is not lost.
   */
  readonly lingerMs: number;
  /** After this, connections are cut. Counted from the call. */
  readonly timeoutMs: number;
}

export interface Engine {
  readonly figures: EngineFigures;
  /** Requests handed to the app and not ended yet. */
  running(): Iterable<InFlightRequest>;
  /** Starts to accept on listening sockets, which the engine owns from now on. */
  listen(fds: readonly number[]): Promise<void>;
  /**
   * Stops accepting at once, answers what is in flight or arrives on a kept-alive connection, and
   * leaves no connection open. Resolves with the number of requests that were cut because they
   * overran; 0 is a clean drain. Nothing of the engine keeps the event loop alive afterwards.
   */
  drain(options: DrainOptions): Promise<number>;
}
