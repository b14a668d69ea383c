// Renews the identity of a newborn: the generators of identifier-generators.ts and the objects of
// captured-identity.ts, found once per mold in every loaded copy and version of their packages.
import { capturedIdentity, correctCapturedIdentity } from './captured-identity.js';
import { renewHyperids } from './hyperid.js';
import type { LoadedModule } from '../heap/loaded-modules.js';
import { exportsOf } from '../heap/module-exports.js';
import { packageOf } from '../heap/package-of.js';
import type { Search } from '../heap/search.js';
import {
  identifierGenerators,
  type IdentifierGenerator,
  type Renew,
} from './identifier-generators.js';

let renewers: Renew[] = [];

/** Runs in a mold before it freezes; returns the searches that remain to be done. */
export async function prepareIdentity(modules: readonly LoadedModule[]): Promise<Search[]> {
  const found = await Promise.all(modules.map(renewerOf));
  renewers = found.filter((renew) => renew !== undefined);
  return capturedIdentity(modules);
}

export interface NewIdentity {
  /** Unique among all processes of this server. */
  readonly id: number;
  /** The mold's pid. */
  readonly parentPid: number;
}

/** Runs in a newborn once `process.pid` and all randomness are its own. */
export function renewIdentity({ id, parentPid }: NewIdentity): void {
  for (const renew of renewers) renew(id);
  renewHyperids();
  correctCapturedIdentity(parentPid);
}

async function renewerOf(module: LoadedModule): Promise<Renew | undefined> {
  const generator = generatorIn(module.file);
  if (!generator) return undefined;
  const exports = await exportsOf(module);
  return exports && generator.prepare(exports);
}

function generatorIn(path: string): IdentifierGenerator | undefined {
  return identifierGenerators.find(
    ({ file, packages }) => file.test(path) && packages.includes(packageOf(path)?.name ?? ''),
  );
}
