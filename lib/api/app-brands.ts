// Marks for app exports that are functions but not request listeners. The marks are registered
// symbols, since the app may load another copy of this package than the server.
import type { UwsApp, UwsContext } from './app-types.js';

export const uwsBrand = Symbol.for('pitchfork-ts.uws');
export const factoryBrand = Symbol.for('pitchfork-ts.factory');

/** The result of `uws`, for the default export of an app. */
export interface UwsExport {
  /** The function that registers the routes. */
  readonly [uwsBrand]: unknown;
}

/** The result of `factory`, for the default export of an app. */
export interface FactoryExport {
  /** The function that makes the app. */
  readonly [factoryBrand]: unknown;
}

/**
 * Makes an app for the engine 'uws': `register` adds its routes to a uWebSockets.js app, in each
 * worker. Annotate its first parameter with `TemplatedApp` of that package for its types.
 */
export function uws<Routes = UwsApp>(
  register: (app: Routes, context: UwsContext) => void | Promise<void>,
): UwsExport {
  return { [uwsBrand]: register };
}

/**
 * Makes an app that takes some work to set up: `make` is called once, when the app is loaded, and
 * returns an app of any other kind, or a promise of one.
 */
export function factory(make: () => unknown): FactoryExport {
  return { [factoryBrand]: make };
}
