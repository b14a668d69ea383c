// Who called: the packages on the stack, so that a thread or a child process can be named by the
// package that made it.
import { fileURLToPath } from 'node:url';
import { native } from '../../system/native.js';
import { fileOf, packageOf, type Package } from './package-of.js';

/** Deep enough to get out of the frameworks that wrap each other. */
const frames = 60;

const ownDirectory = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Innermost first, up to the first file of the app: who called that has nothing to do with what it
 * does.
 */
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

export function isOwn(file: string): boolean {
  return file.startsWith(ownDirectory);
}
