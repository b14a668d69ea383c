// Who a newborn is: generators of identifiers that renewals.ts can renew and objects that
// captured.ts can correct, found once per mold among what is loaded, in every copy and version.
import { correctCaptured, findCaptured } from './captured.js';
import { renewHyperids } from './hyperid.js';
import { loadedModules, type LoadedModule } from '../heap/loaded-modules.js';
import { exportsOf } from '../heap/module-exports.js';
import { packageOf } from '../heap/package-of.js';
import { renewals, type Renew, type Renewal } from './renewals.js';

let renewers: Renew[] = [];

/** For a mold, before it freezes. */
export async function prepareIdentity(): Promise<void> {
  const modules = loadedModules();
  const found = await Promise.all(modules.map(renewerOf));
  renewers = found.filter((renew) => renew !== undefined);
  await findCaptured(modules);
}

export interface Birth {
  /** A number that the server gave to no other process. */
  readonly id: number;
  readonly parentPid: number;
}

/** For a newborn, when `process.pid` and all randomness are its own already. */
export function renewIdentity({ id, parentPid }: Birth): void {
  for (const renew of renewers) renew(id);
  renewHyperids();
  correctCaptured(parentPid);
}

async function renewerOf(module: LoadedModule): Promise<Renew | undefined> {
  const renewal = renewalOf(module.file);
  if (!renewal) return undefined;
  const exports = await exportsOf(module);
  return exports && renewal.prepare(exports);
}

function renewalOf(file: string): Renewal | undefined {
  return renewals.find(
    (renewal) => renewal.file.test(file) && renewal.packages.includes(packageOf(file)?.name ?? ''),
  );
}
