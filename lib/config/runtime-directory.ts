// The default directory of control sockets: one of this user's own, which no other user can enter.
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf } from '../base/error-text.js';
import { UserError } from '../base/user-error.js';

/** A container's user may have no name: os.userInfo() would throw. */
const uid = process.getuid?.() ?? 0;

export function runtimeDirectory(): string {
  return join(process.env['XDG_RUNTIME_DIR'] || tmpdir(), `pitchfork-ts-${uid}`);
}

/** The last part of `runtimeDirectory()`, of any user. */
export const runtimeDirectoryName = /^pitchfork-ts-\d+$/;

/** One name per configuration file, so that the control commands find the server that runs it. */
export function controlSocketName(configFile: string): string {
  return `${createHash('sha256').update(configFile).digest('hex').slice(0, 16)}.sock`;
}

export function defaultControlPath(configFile: string): string {
  return join(runtimeDirectory(), controlSocketName(configFile));
}

/** Makes the directory of a control socket, if it is ours to make. Throws a UserError. */
export function ensureControlDirectory(controlPath: string): void {
  const directory = dirname(controlPath);
  if (directory !== runtimeDirectory()) return;
  try {
    mkdirSync(directory, { mode: 0o700, recursive: true });
  } catch (error) {
    throw new UserError(
      `cannot make ${directory} for the control socket: ${messageOf(error).split(', ')[0]}: ` +
        'set `control` to a path in a directory that this user can write to',
    );
  }
  refuseForeignDirectory(controlPath);
}

/** Throws a UserError for a control socket in a directory that others own or can enter. */
export function refuseForeignDirectory(controlPath: string): void {
  if (isInForeignDirectory(controlPath))
    throw new UserError(
      `cannot use ${dirname(controlPath)} for the control socket: it is not a directory that ` +
        'only this user can enter (remove it, or set `control` to another path)',
    );
}

/**
 * In /tmp another user may have made our directory first, to be believed by the commands. Other
 * paths are the operator's choice.
 */
export function isInForeignDirectory(controlPath: string): boolean {
  const directory = dirname(controlPath);
  if (directory !== runtimeDirectory()) return false;
  const found = lstatSync(directory, { throwIfNoEntry: false });
  if (found === undefined) return false;
  return !found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0;
}
