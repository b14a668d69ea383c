// The default directory of control sockets: one of this user's own, which no other user can enter.
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf } from '../base/error-text.js';

/** A container's user may have no name: os.userInfo() would throw. */
const uid = process.getuid?.() ?? 0;

export function runtimeDirectory(): string {
  return join(process.env['XDG_RUNTIME_DIR'] || tmpdir(), `pitchfork-ts-${uid}`);
}

/** One name per configuration file, so that the control commands find the server that runs it. */
export function defaultControlPath(configFile: string): string {
  const name = createHash('sha256').update(configFile).digest('hex').slice(0, 16);
  return join(runtimeDirectory(), `${name}.sock`);
}

/**
 * Makes the directory of a control socket, if it is ours to make. In /tmp another
 * user may have made it first: a directory that others own or can enter is refused.
 */
export function ensureControlDirectory(controlPath: string): void {
  const directory = dirname(controlPath);
  if (directory !== runtimeDirectory()) return;
  try {
    mkdirSync(directory, { mode: 0o700, recursive: true });
  } catch (error) {
    throw new Error(
      `cannot make ${directory} for the control socket: ${messageOf(error).split(', ')[0]}: ` +
        'set `control` to a path in a directory that this user can write to',
      { cause: error },
    );
  }
  const found = lstatSync(directory);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0)
    throw new Error(
      `cannot use ${directory} for the control socket: it is not a directory that only this user ` +
        'can enter (remove it, or set `control` to another path)',
    );
}
