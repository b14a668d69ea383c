// What an app's default export can be, told apart once, when it is loaded.
import type { IncomingMessage, ServerResponse } from 'node:http';

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => unknown;
export type FetchHandler = (request: Request, ...rest: unknown[]) => Response | Promise<Response>;
/** Registers routes on a uWebSockets.js app; `uws` is the module, for its constants and helpers. */
export type UwsRegister = (app: UwsApp, context: UwsContext) => void | Promise<void>;

/** uWebSockets.js's TemplatedApp. Its types come with that package, which is an optional peer. */
export type UwsApp = Record<string, (...args: never[]) => unknown>;

export interface UwsContext {
  readonly slot: number;
  readonly generation: number;
  /** The uWebSockets.js module. */
  readonly uws: unknown;
}

export type App =
  | { readonly kind: 'listener'; readonly listener: RequestListener }
  | { readonly kind: 'fetch'; readonly fetch: FetchHandler }
  | { readonly kind: 'uws'; readonly register: UwsRegister };
