// Loads a user's module, be it the configuration or the app, TypeScript or JavaScript, ES or
// CommonJS. No thread may be left behind, since a forked process has none: so TypeScript is
// compiled by jiti, in this thread, and not by a loader that is registered with module.register().
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { createJiti } from 'jiti';
import * as self from '../index.js';

const javascript = new Set(['.js', '.mjs', '.cjs']);
const typescript = new Set(['.ts', '.mts', '.cts']);

export function isModuleFile(file: string): boolean {
  const extension = extname(file);
  return javascript.has(extension) || typescript.has(extension);
}

/** The module's default export; undefined if there is none. Throws what the module throws. */
export async function loadModule(file: string): Promise<unknown> {
  return (await importModule(file)).exported;
}

/** A module's default export, in an object: it may be a promise, which is not awaited. */
export interface Exported {
  readonly exported: unknown;
}

/** As `loadModule`. */
export async function importModule(file: string): Promise<Exported> {
  const exports: unknown = typescript.has(extname(file))
    ? await importTypescript(file)
    : await import(pathToFileURL(file).href);
  return { exported: isEmpty(exports) ? undefined : defaultExport(exports) };
}

/**
 * jiti's interop of default exports is off: it wraps each module into a proxy that remembers the
 * first value of every export, which breaks live bindings (`export let db`) and slows each use of
 * an import. Its file cache is off, since it would be in a directory that other users can write to.
 */
function importTypescript(file: string): Promise<unknown> {
  const jiti = createJiti(import.meta.url, {
    fsCache: false,
    interopDefault: false,
    virtualModules: { 'pitchfork-ts': self },
  });
  return jiti.import(file);
}

/** CommonJS that was compiled from an ES module has its default export one level deeper. */
function defaultExport(exports: unknown): unknown {
  if (isNamespace(exports)) {
    const value: unknown = Reflect.get(exports, 'default');
    return isCompiledModule(value) ? Reflect.get(value, 'default') : value;
  }
  return isCompiledModule(exports) ? Reflect.get(exports, 'default') : exports;
}

/** A module without any export is an empty object when it was compiled to CommonJS. */
function isEmpty(exports: unknown): boolean {
  if (typeof exports !== 'object' || exports === null) return false;
  const value: unknown = isNamespace(exports) ? Reflect.get(exports, 'default') : exports;
  const isPlain =
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype;
  return isPlain && Reflect.ownKeys(value).length === 0;
}

function isNamespace(value: unknown): value is object {
  return types.isModuleNamespaceObject(value);
}

function isCompiledModule(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Reflect.get(value, '__esModule') === true;
}
