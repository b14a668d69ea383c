// The kinds of apps: the default export of the app's module, classified once, when it is loaded.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** An app as a listener of node:http: Express, Koa, a function of one's own. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** An app as a fetch handler, such as that of Hono. */
export type FetchHandler = (request: Request, ...rest: unknown[]) => Response | Promise<Response>;

/** Registers routes on a uWebSockets.js app; `uws` is the module, for its constants and helpers. */
export type UwsRegister = (app: UwsApp, context: UwsContext) => void | Promise<void>;

/** The TemplatedApp of uWebSockets.js. Its types come with that package, an optional peer. */
export type UwsApp = Record<string, (...args: never[]) => unknown>;

/** The worker in which routes are registered. */
export interface UwsContext {
  /** The place of the worker, from 0 to `workers` - 1. */
  readonly slot: number;
  /** The number of its mold within the phase, counted from 0. */
  readonly generation: number;
  /** The uWebSockets.js module. */
  readonly uws: unknown;
}

export type App =
  | { readonly kind: 'listener'; readonly listener: RequestListener }
  | { readonly kind: 'fetch'; readonly fetch: FetchHandler }
  | { readonly kind: 'uws'; readonly register: UwsRegister };
