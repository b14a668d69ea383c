// A log file that can be reopened under its path after it was moved away (logrotate).
import { messageOf } from '../../base/error-text.js';
import { closeSync, openSync, writeSync } from 'node:fs';
import { UserError } from '../../base/user-error.js';
import type { Write } from './outlet.js';

/** Not world-readable: log lines can contain secrets. */
const mode = 0o640;

export interface LogFile {
  readonly write: Write;
  /** If this throws, the old file stays in use. */
  reopen(): void;
}

/** Throws a UserError. */
export function openLogFile(path: string): LogFile {
  let fd = open(path);
  return {
    // Appending to a file never leaves a line queued, so none could end up in the wrong file.
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
