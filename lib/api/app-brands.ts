// Marks for app exports that are functions of the user's but not request listeners. The marks are
// registered symbols, since the app's copy of this package may be another than the server's.
import type { UwsApp, UwsContext } from './app-kind.js';

export const uwsBrand = Symbol.for('pitchfork-ts.uws');
export const factoryBrand = Symbol.for('pitchfork-ts.factory');

export interface UwsExport {
  readonly [uwsBrand]: unknown;
}

export interface FactoryExport {
  readonly [factoryBrand]: unknown;
}

/**
 * An app for the engine 'uws': registers its routes on a uWebSockets.js app, in each worker.
 * Annotate the first parameter with that package's `TemplatedApp` for its types.
 */
export function uws<Routes = UwsApp>(
  register: (app: Routes, context: UwsContext) => void | Promise<void>,
): UwsExport {
  return { [uwsBrand]: register };
}

/**
 * An app that takes some work to make: called once, when it is loaded; returns any other kind of
 * app.
 */
export function factory(make: () => unknown): FactoryExport {
  return { [factoryBrand]: make };
}
