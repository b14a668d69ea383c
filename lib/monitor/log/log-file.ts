// A log file that can be reopened under its path after it was moved away (logrotate).
import { closeSync, constants, fchmodSync, fstatSync, openSync, writeSync } from 'node:fs';
import { errorCode, messageOf } from '../../base/error-text.js';
import { UserError } from '../../base/user-error.js';
import { inItsDirectory, withoutEntry } from '../../system/privileges/directory-entry.js';
import type { Write } from './outlet.js';

/** Not world-readable: log lines can contain secrets. */
const mode = 0o640;
const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;

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

/** At the path of root's log another user may have put anything: a link, a pipe without reader. */
function open(path: string): number {
  try {
    return inItsDirectory(path, (entry) => create(entry) ?? openExisting(entry));
  } catch (error) {
    const reason =
      errorCode(error) === 'ELOOP' && messageOf(error).includes(', open ')
        ? 'it is a symbolic link, which is not followed: use its target'
        : withoutEntry(messageOf(error));
    throw new UserError(`cannot open log file ${path}: ${reason}`);
  }
}

/** With the mode as it stands above, whatever the umask; undefined if there is a file already. */
function create(entry: string): number | undefined {
  try {
    const fd = openSync(entry, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, mode);
    fchmodSync(fd, mode);
    return fd;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return undefined;
    throw error;
  }
}

/** Its mode is its owner's affair: logrotate's `create`, for example. */
function openExisting(entry: string): number {
  const fd = openSync(entry, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  const found = fstatSync(fd);
  if (found.isCharacterDevice() || (found.isFile() && found.nlink === 1)) return fd;
  closeSync(fd);
  throw new Error(found.isFile() ? 'it has more than one name (hard links)' : 'it is not a file');
}
