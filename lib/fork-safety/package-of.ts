// Which package a file belongs to: the nearest package.json that has a name and a version.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Package {
  readonly name: string;
  readonly version: string;
  readonly directory: string;
}

const known = new Map<string, Package | null>();

/** null for a file that is in no package. */
export function packageOf(file: string): Package | null {
  return packageOfDirectory(dirname(file));
}

function packageOfDirectory(directory: string): Package | null {
  const cached = known.get(directory);
  if (cached !== undefined) return cached;
  const parent = dirname(directory);
  const found =
    readPackage(directory) ?? (parent === directory ? null : packageOfDirectory(parent));
  known.set(directory, found);
  return found;
}

/** A package.json inside of a package often says no more than `"type"`: then it is not the one. */
function readPackage(directory: string): Package | null {
  try {
    const text = readFileSync(join(directory, 'package.json'), 'utf8');
    const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
    return typeof name === 'string' && typeof version === 'string'
      ? { name, version, directory }
      : null;
  } catch {
    return null;
  }
}
