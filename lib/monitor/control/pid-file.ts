// The pid file, for tools that look for a server. Invariant: the file of a live process is never
// replaced, and only a file that still names this process is ever removed.
import { errorCode, messageOf } from '../../base/error-text.js';
import { existsSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { UserError } from '../../base/user-error.js';

export interface PidFile {
  /** Removes it, if it is still ours. */
  close(): void;
}

/** Throws a UserError if it cannot be written, or if it names another live process. */
export function writePidFile(path: string): PidFile {
  const other = readPid(path);
  // Our own pid stems from an earlier run, in a container for example.
  if (other !== null && other !== process.pid && existsSync(`/proc/${other}`))
    throw new UserError(
      `pidfile ${path}: names process ${other}, which is running: ` +
        'stop that server, or remove the file if that process is not one',
    );
  const aside = `${path}.${process.pid}`;
  try {
    // Readers never find it empty or half written.
    writeFileSync(aside, `${process.pid}\n`);
    renameSync(aside, path);
  } catch (error) {
    throw new UserError(`cannot write pidfile ${path}: ${messageOf(error)}`);
  }
  return pidFile(path);
}

/** The file of a process that already wrote it, possibly by an earlier program. */
export function pidFile(path: string): PidFile {
  return {
    close() {
      try {
        if (readPid(path) === process.pid) unlinkSync(path);
      } catch {
        // Its directory is no longer writable; the next start finds a stale file.
      }
    },
  };
}

/** Null if there is no such file, or no pid in it. */
function readPid(path: string): number | null {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw new UserError(`cannot read pidfile ${path}: ${messageOf(error)}`);
  }
  return /^\d+\s*$/.test(text) ? Number(text) : null;
}
