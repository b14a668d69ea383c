// Who called: the files of the stack, so that a thread or a child process can be named by the
// package that made it.
import { fileURLToPath } from 'node:url';
import { packageOf, type Package } from './package-of.js';

/** Deep enough to get out of the frameworks that wrap each other. */
const frames = 60;

const ownDirectory = fileURLToPath(new URL('..', import.meta.url));

/** Innermost first; 'node:…' for Node's own. Our own files are left out. */
export function callers(): string[] {
  const { stackTraceLimit } = Error;
  const prepare: unknown = Reflect.get(Error, 'prepareStackTrace');
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = frames;
    Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFileName() ?? '');
    Error.captureStackTrace(holder, callers);
    return (holder.stack as string[]).map(toPath).filter((file) => !isOwn(file));
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Reflect.set(Error, 'prepareStackTrace', prepare);
  }
}

export function isOwn(file: string): boolean {
  return file.startsWith(ownDirectory);
}

/** The packages among the files, innermost first, without the app's own. */
export function packagesOf(files: readonly string[]): Package[] {
  const found = new Map<string, Package>();
  for (const file of files) {
    const owner = file.includes('/node_modules/') ? packageOf(file) : null;
    if (owner && !found.has(owner.directory)) found.set(owner.directory, owner);
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
