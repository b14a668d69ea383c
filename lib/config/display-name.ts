// How a file is named to people.
import { isAbsolute, relative } from 'node:path';

/** Relative where that is shorter to read: inside the working directory. */
export function displayName(file: string): string {
  const path = relative(process.cwd(), file);
  return path === '' || path.startsWith('..') || isAbsolute(path) ? file : path;
}
