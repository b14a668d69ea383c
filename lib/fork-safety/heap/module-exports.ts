// The exports of a loaded module, CommonJS or ES.
import { createRequire } from 'node:module';
import { isRecord } from '../../base/is-record.js';
import type { LoadedModule } from './loaded-modules.js';

/**
 * A function assigned to `module.exports` is `default`, as for `import`. Undefined if the module
 * exports neither an object nor a function.
 */
export async function exportsOf(
  module: LoadedModule,
): Promise<Record<string, unknown> | undefined> {
  const exports = await rawExports(module);
  if (typeof exports === 'function') return { default: exports };
  return isRecord(exports) ? exports : undefined;
}

/** Importing a loaded module yields the existing instance. */
async function rawExports({ kind, file, url }: LoadedModule): Promise<unknown> {
  if (kind === 'esm') return import(url).catch(() => undefined);
  return createRequire(import.meta.url).cache[file]?.exports;
}
