// Loads the app and determines its kind once, so that engines need not guess. An export that is not
// an app is an error that names the file, the export and the line to write instead.
import type { EngineName } from '../api/config.js';
import { UserError } from '../base/user-error.js';
import { factoryBrand, uwsBrand } from '../api/app-brands.js';
import type { App, FetchHandler, RequestListener, UwsRegister } from '../api/app-types.js';
import { displayName } from '../config/display-name.js';
import { importModule, type Exported } from '../config/load-module.js';
import { method, unknownKind, unsuitable } from './not-an-app.js';

/** Learns what is awaited, to name it if it never settles. */
export interface Waiting {
  settled<T>(what: string, promise: T): Promise<Awaited<T>>;
}

const unwatched: Waiting = {
  async settled<T>(_what: string, promise: T): Promise<Awaited<T>> {
    return await promise;
  },
};

/** Rejects with the error of the app's module, or a UserError if its export cannot be served. */
export async function loadApp(
  file: string,
  engine: EngineName,
  waiting: Waiting = unwatched,
): Promise<App> {
  const loading = new Loading(displayName(file), waiting);
  const app = await loading.recognise(await loading.made(await loading.load(file)));
  if (engine === 'node' && app.kind === 'uws')
    throw new UserError(
      `${displayName(file)}: exports uws(…), which engine "node" cannot serve: ` +
        `set engine: 'uws' in the configuration`,
    );
  if (engine === 'uws' && app.kind === 'listener')
    throw new UserError(
      `${displayName(file)}: exports a request listener, which engine "uws" cannot serve: ` +
        `set engine: 'node' in the configuration, or export uws(…) or { fetch }`,
    );
  return app;
}

class Loading {
  readonly #name: string;
  readonly #waiting: Waiting;

  constructor(name: string, waiting: Waiting) {
    this.#name = name;
    this.#waiting = waiting;
  }

  async load(file: string): Promise<Exported> {
    const loading = importModule(file);
    return this.#settled('a top-level await, here or in a module that it imports,', loading);
  }

  async made({ exported }: Exported): Promise<unknown> {
    const value = await this.#settled('the promise that it exports', exported);
    const make = method(value, factoryBrand);
    return make ? this.#settled('its factory(…)', make()) : value;
  }

  async recognise(exported: unknown): Promise<App> {
    const register = method(exported, uwsBrand);
    if (register) return { kind: 'uws', register: register as UwsRegister };
    const routing = method(exported, 'routing');
    const ready = method(exported, 'ready');
    if (routing && ready) {
      await this.#settled('its ready()', ready());
      return listener(routing);
    }
    const problem = unsuitable(exported);
    if (problem !== undefined) throw this.#refused(problem);
    if (typeof exported === 'function') return listener(exported);
    const fetch = method(exported, 'fetch');
    if (fetch) return { kind: 'fetch', fetch: fetch as FetchHandler };
    const made: unknown = method(exported, 'callback')?.();
    if (typeof made === 'function') return listener(made);
    throw this.#refused(unknownKind(exported));
  }

  #settled<T>(what: string, promise: T): Promise<Awaited<T>> {
    return this.#waiting.settled(`${this.#name}: ${what}`, promise);
  }

  #refused(problem: string): UserError {
    return new UserError(`${this.#name}: ${problem}`);
  }
}

function listener(value: object): App {
  return { kind: 'listener', listener: value as RequestListener };
}
