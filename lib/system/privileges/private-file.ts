// Reads secrets from files that no other user can read.
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

/** Without surrounding white space. Throws an error that names the remedy. */
export function readPrivateFile(path: string): string {
  const fd = openSync(path, 'r');
  try {
    // Of the open file: the path may lead to another one a moment later.
    const { uid, mode } = fstatSync(fd);
    if (uid !== process.getuid?.() && uid !== 0)
      throw new Error(`it belongs to user ${uid}, who can read it: chown it`);
    if ((mode & 0o077) !== 0)
      throw new Error(
        `other users can open it (mode ${(mode & 0o777).toString(8).padStart(4, '0')}): ` +
          'chmod it to 0600',
      );
    return readFileSync(fd, 'utf8').trim();
  } finally {
    closeSync(fd);
  }
}
