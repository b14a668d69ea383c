// The packages on the call stack, so that a thread or a child process can be attributed to the
// package that started it.
import { fileURLToPath } from 'node:url';
import { native } from '../../system/native.js';
import { fileOf, packageOf, type Package } from './package-of.js';

/** Enough to pass through nested frameworks. */
const frames = 60;

const ownDirectory = fileURLToPath(new URL('../..', import.meta.url));

/** Innermost first, up to the first file of the app: its callers are not responsible for it. */
export function callingPackages(): Package[] {
  const found = new Map<string, Package>();
  for (const script of native.callerScripts(frames, frames)) {
    const file = fileOf(script);
    if (file === null || isOwn(file)) continue;
    const owner = file.includes('/node_modules/') ? packageOf(file) : null;
    if (!owner) break;
    if (!found.has(owner.directory)) found.set(owner.directory, owner);
  }
  return [...found.values()];
}

/** Whether a file belongs to pitchfork-ts itself. */
export function isOwn(file: string): boolean {
  return file.startsWith(ownDirectory);
}
