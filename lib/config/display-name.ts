// Names of files, and of places in them, as people read them.
import { isAbsolute, relative } from 'node:path';
import type { Frame, Place } from '../base/error-text.js';

/** Relative where that is shorter to read: inside the working directory. */
export function displayName(file: string): string {
  const path = relative(process.cwd(), file);
  return path === '' || path.startsWith('..') || isAbsolute(path) ? file : path;
}

/** `app.ts:3:14` */
export function displayPlace({ file, line, column }: Place): string {
  const place = `${displayName(file)}:${line}`;
  return column === null ? place : `${place}:${column}`;
}

/** As in a stack: `at handler (app.ts:3:14)` */
export function displayFrame(frame: Frame): string {
  const place = displayPlace(frame);
  return frame.call === '' ? `at ${place}` : `at ${frame.call} (${place})`;
}
