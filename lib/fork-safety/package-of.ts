// Which package a script belongs to, by the nearest package.json that has a name: folders may be
// called otherwise (npm's aliases), and packages have nameless package.json files inside.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Package {
  readonly name: string;
  readonly version: string;
  /** Its folder. */
  readonly root: string;
}

const known = new Map<string, Package | null>();

/** `script` is a path or a file: URL; null for what is in no package. */
export function packageOf(script: string): Package | null {
  const seen = known.get(script);
  if (seen !== undefined) return seen;
  const file = fileOf(script);
  const found = file === null ? null : packageAround(dirname(file));
  known.set(script, found);
  return found;
}

/** The path of a script, without the query that an ES module's URL may have. */
export function fileOf(script: string): string | null {
  if (script.startsWith('/')) return script;
  return script.startsWith('file:') ? fileURLToPath(script) : null;
}

function packageAround(folder: string): Package | null {
  const seen = known.get(folder);
  if (seen !== undefined) return seen;
  const parent = dirname(folder);
  const found = packageIn(folder) ?? (parent === folder ? null : packageAround(parent));
  known.set(folder, found);
  return found;
}

function packageIn(folder: string): Package | null {
  try {
    const content: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (typeof content !== 'object' || content === null) return null;
    const { name, version } = content as { name?: unknown; version?: unknown };
    return typeof name === 'string'
      ? { name, version: typeof version === 'string' ? version : '', root: folder }
      : null;
  } catch {
    return null; // There is none, or it is no JSON: then the next folder up decides.
  }
}
