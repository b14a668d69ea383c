// What a module that is loaded exports, however it was loaded.
import { createRequire } from 'node:module';
import type { LoadedModule } from './loaded-modules.js';

/**
 * A function that is all that a CommonJS module exports is `default`, as `import` has it. Undefined
 * for what exports no object.
 */
export async function exportsOf(
  module: LoadedModule,
): Promise<Record<string, unknown> | undefined> {
  const exports = await rawExports(module);
  if (typeof exports === 'function') return { default: exports };
  return typeof exports === 'object' && exports !== null
    ? (exports as Record<string, unknown>)
    : undefined;
}

/** An import of what is loaded already yields the instance that is there. */
async function rawExports({ kind, file, url }: LoadedModule): Promise<unknown> {
  if (kind === 'esm') return import(url).catch(() => undefined);
  return createRequire(import.meta.url).cache[file]?.exports;
}
