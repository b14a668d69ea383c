// Generators of identifiers in a newborn: those that renewals.ts can renew, found once per mold
// among the modules that are loaded, in every copy and version of them.
import { createRequire } from 'node:module';
import { renewHyperids } from './hyperid.js';
import { loadedModules, type LoadedModule } from './loaded-modules.js';
import { packageOf } from './package-of.js';
import { renewals, type Renew, type Renewal } from './renewals.js';

let renewers: Renew[] = [];

/** For a mold, before it freezes. */
export async function prepareRenewal(
  modules: readonly LoadedModule[] = loadedModules(),
): Promise<void> {
  const found = await Promise.all(modules.map(renewerOf));
  renewers = found.filter((renew) => renew !== undefined);
}

/** For a newborn, when randomness is its own already. The server gave `id` to no other process. */
export function renewIdentity(id: number): void {
  for (const renew of renewers) renew(id);
  renewHyperids();
}

async function renewerOf(module: LoadedModule): Promise<Renew | undefined> {
  const renewal = renewalOf(module.file);
  if (!renewal) return undefined;
  const exports = await exportsOf(module);
  return isRecord(exports) ? renewal.prepare(exports) : undefined;
}

function renewalOf(file: string): Renewal | undefined {
  return renewals.find(
    (renewal) => renewal.file.test(file) && renewal.packages.includes(packageOf(file)?.name ?? ''),
  );
}

/** An import of what is loaded already yields the instance that is there. */
async function exportsOf({ kind, file, url }: LoadedModule): Promise<unknown> {
  if (kind === 'esm') return import(url).catch(() => undefined);
  const exports: unknown = createRequire(import.meta.url).cache[file]?.exports;
  return typeof exports === 'function' ? { default: exports } : exports;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
