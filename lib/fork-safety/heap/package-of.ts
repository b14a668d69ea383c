// The package of a script: the nearest package.json with a name and a version. Folder names are no
// guide (npm's aliases), and packages contain nameless package.json files.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Package {
  readonly name: string;
  /** For example '1.2.3'. */
  readonly version: string;
  /** Absolute path of the folder of its package.json. */
  readonly directory: string;
}

const ofScript = new Map<string, Package | null>();
const ofDirectory = new Map<string, Package | null>();

/** `script` is a path or a file: URL; null outside of any package. */
export function packageOf(script: string): Package | null {
  const known = ofScript.get(script);
  if (known !== undefined) return known;
  const file = fileOf(script);
  const found = file === null ? null : packageAround(dirname(file));
  ofScript.set(script, found);
  return found;
}

/** The path of a script, without the query of an ES module's URL; null if it is not a file. */
export function fileOf(script: string): string | null {
  if (script.startsWith('/')) return script;
  try {
    return script.startsWith('file:///') ? fileURLToPath(script) : null;
  } catch {
    return null; // A file: URL without an equivalent path, such as one with %2F.
  }
}

function packageAround(directory: string): Package | null {
  const known = ofDirectory.get(directory);
  if (known !== undefined) return known;
  const parent = dirname(directory);
  const found = packageIn(directory) ?? (parent === directory ? null : packageAround(parent));
  ofDirectory.set(directory, found);
  return found;
}

function packageIn(directory: string): Package | null {
  try {
    const text = readFileSync(join(directory, 'package.json'), 'utf8');
    const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
    return typeof name === 'string' && typeof version === 'string'
      ? { name, version, directory }
      : null;
  } catch {
    return null; // Missing or not JSON: the next folder up decides.
  }
}
