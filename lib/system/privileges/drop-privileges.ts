// The program drop-privileges (native/drop-privileges.cc), which root's monitor runs in place of a
// command that belongs to the app's user.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Credentials } from '../credentials.js';

/** From dist/lib/system/privileges/ to build/ beside dist/. */
const program = fileURLToPath(
  new URL(
    `../../../../build/native/drop-privileges-${process.platform}-${process.arch}`,
    import.meta.url,
  ),
);

/**
 * The command that runs `command` (an absolute path, and arguments) with these credentials: in a
 * session and a keyring of its own, without supplementary groups, capabilities, descriptors from 4
 * on, or read access to a terminal, and unless `noNewPrivileges` is false without a way back.
 */
export function commandAs(
  { uid, gid, noNewPrivileges }: Credentials,
  command: readonly string[],
): string[] {
  return [program, 'run', String(uid), String(gid), noNewPrivileges ? '1' : '0', ...command];
}

/** The files and directories among `paths` that the user can write to: access(2). */
export function writableBy({ uid, gid }: Credentials, paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  const { status, stdout, stderr, error } = spawnSync(
    program,
    ['writable', String(uid), String(gid), ...paths],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw error ?? new Error(stderr.trim());
  return stdout.split('\0').slice(0, -1);
}
