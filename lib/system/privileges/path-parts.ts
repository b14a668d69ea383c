// The places that decide which file a path leads to: namei(1).
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * The path, every directory above it, and the same of the target of each symbolic link on the way;
 * whoever can write to one of these can put another file there. Absolute, parents first.
 */
export function partsOf(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  const parent = dirname(path);
  if (parent !== path) partsOf(parent, found);
  found.add(path);
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return found;
  return partsOf(resolve(realpathSync(parent), readlinkSync(path)), found);
}
