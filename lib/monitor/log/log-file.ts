// A log file that can be opened anew under its path, after somebody has moved it away.
import { messageOf } from '../../base/error-text.js';
import { closeSync, openSync, writeSync } from 'node:fs';
import { UserError } from '../../base/user-error.js';
import type { Write } from './outlet.js';

/** Not for everybody: log lines can tell secrets. */
const mode = 0o640;

export interface LogFile {
  readonly write: Write;
  /** If this throws, the old file is written to as before. */
  reopen(): void;
}

/** Throws a ConfigError. */
export function openLogFile(path: string): LogFile {
  let fd = open(path);
  return {
    // Appending to a file never leaves a line waiting, so none belongs to the old file later.
    write: (bytes) => writeSync(fd, bytes),
    reopen() {
      const old = fd;
      fd = open(path);
      closeSync(old);
    },
  };
}

function open(path: string): number {
  try {
    return openSync(path, 'a', mode);
  } catch (error) {
    const reason = messageOf(error);
    throw new UserError(`cannot open log file ${path}: ${reason}`);
  }
}
