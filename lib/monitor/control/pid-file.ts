// The pid file, for tools that look for a server. Invariant: the file of a live process is never
// replaced, and only a file that still names this process is ever removed.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { errorCode, messageOf } from '../../base/error-text.js';
import { UserError } from '../../base/user-error.js';
import { inItsDirectory, withoutEntry } from '../../system/privileges/directory-entry.js';

/** Whatever the umask: other users' tools look for the server too, and must not change the file. */
const mode = 0o644;
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;

export interface PidFile {
  /** Removes it, if it is still ours. */
  close(): void;
}

/** Throws a UserError if it cannot be written, or if it names another live process. */
export function writePidFile(path: string): PidFile {
  try {
    inItsDirectory(path, (entry) => {
      refuseOther(path, readPid(entry));
      replace(entry, `${process.pid}\n`);
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot write pidfile ${path}: ${withoutEntry(messageOf(error))}`);
  }
  return pidFile(path);
}

/** The file of a process that already wrote it, possibly by an earlier program. */
export function pidFile(path: string): PidFile {
  return {
    close() {
      try {
        inItsDirectory(path, (entry) => {
          if (readPid(entry) === process.pid) unlinkSync(entry);
        });
      } catch {
        // Its directory is no longer writable; the next start finds a stale file.
      }
    },
  };
}

function refuseOther(path: string, other: number | null): void {
  // Our own pid stems from an earlier run, in a container for example.
  if (other !== null && other !== process.pid && existsSync(`/proc/${other}`))
    throw new UserError(
      `pidfile ${path}: names process ${other}, which is running: ` +
        'stop that server, or remove the file if that process is not one',
    );
}

/**
 * Readers never find it empty or half written. Under a name that cannot be guessed, a new file is
 * written, and never one that another user of the directory has made.
 */
function replace(entry: string, text: string): void {
  const aside = `${entry}.${randomBytes(8).toString('hex')}`;
  const fd = openSync(aside, O_WRONLY | O_CREAT | O_EXCL, mode);
  try {
    fchmodSync(fd, mode);
    writeSync(fd, text);
    renameSync(aside, entry);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Null if there is no such file, or no pid in it; a link or a pipe is not one. */
function readPid(entry: string): number | null {
  let fd: number;
  try {
    fd = openSync(entry, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ELOOP') return null;
    throw error;
  }
  try {
    const text = fstatSync(fd).isFile() ? readFileSync(fd, 'latin1') : '';
    return /^\d+\s*$/.test(text) ? Number(text) : null;
  } finally {
    closeSync(fd);
  }
}
