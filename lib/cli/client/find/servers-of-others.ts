// Servers that other users run with the same configuration: at the same name, each in the runtime
// directory of its user.
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlSocketName, runtimeDirectoryName } from '../../../config/runtime-directory.js';

/** The end of a message about a missing server; empty if no other user may have one. */
export function serversOfOthers(configFile: string): string {
  const directories = candidates().filter((directory) => ownerOf(directory) !== process.getuid?.());
  const sockets = directories.map((directory) => join(directory, controlSocketName(configFile)));
  const found = sockets.find((socket) => existsSync(socket));
  if (found !== undefined)
    return `; user ${ownerOf(found)} runs one with this configuration: --control ${found}`;
  // Only its user can look into the directory.
  const closed = directories.map(ownerOf).filter((uid) => uid !== undefined);
  if (closed.length === 0 || process.getuid?.() === 0) return '';
  return `; a server of user ${closed.join(' or ')} may be the one: run this as that user`;
}

/** The runtime directories of all users: below the directory for temporary files or /run/user. */
function candidates(): string[] {
  const parents = [tmpdir(), ...entriesOf('/run/user').map((name) => join('/run/user', name))];
  return [...new Set(parents)].flatMap((parent) =>
    entriesOf(parent)
      .filter((name) => runtimeDirectoryName.test(name))
      .map((name) => join(parent, name)),
  );
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // It does not exist, or belongs to another user.
  }
}

function ownerOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.uid;
}
