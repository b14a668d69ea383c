// Who called: the files of the stack, so that a thread or a child process can be named by the
// package that made it.
import { fileURLToPath } from 'node:url';
import { packageOf, type Package } from './package-of.js';

/** Deep enough to get out of the frameworks that wrap each other. */
const frames = 60;

const ownDirectory = fileURLToPath(new URL('..', import.meta.url));

/**
 * Innermost first; 'node:…' for Node's own. Our own files are left out. Never throws: it runs
 * within calls of the app.
 */
export function callers(): string[] {
  const limit = Error.stackTraceLimit;
  const prepare: unknown = Reflect.get(Error, 'prepareStackTrace');
  Reflect.set(Error, 'stackTraceLimit', frames);
  Reflect.set(Error, 'prepareStackTrace', fileNames);
  const holder: { stack?: unknown } = {};
  Error.captureStackTrace(holder, callers);
  const files = holder.stack; // Computed now, while `fileNames` is set.
  Reflect.set(Error, 'stackTraceLimit', limit);
  Reflect.set(Error, 'prepareStackTrace', prepare);
  return Array.isArray(files) ? (files as string[]).filter((file) => !isOwn(file)) : [];
}

function fileNames(_: Error, sites: NodeJS.CallSite[]): string[] {
  return sites.map((site) => toPath(site.getFileName() ?? ''));
}

export function isOwn(file: string): boolean {
  return file.startsWith(ownDirectory);
}

/**
 * The packages among the files, innermost first, up to the first file of the app: who called that
 * has nothing to do with what it does.
 */
export function packagesOf(files: readonly string[]): Package[] {
  const found = new Map<string, Package>();
  for (const file of files) {
    if (!file.startsWith('/')) continue; // Node's own, or without a file.
    const owner = file.includes('/node_modules/') ? packageOf(file) : null;
    if (!owner) break;
    if (!found.has(owner.directory)) found.set(owner.directory, owner);
  }
  return [...found.values()];
}

function toPath(file: string): string {
  try {
    return file.startsWith('file:///') ? fileURLToPath(file) : file;
  } catch {
    return file;
  }
}
