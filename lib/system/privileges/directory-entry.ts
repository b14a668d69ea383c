// Access to a file whose directory another user may control, such as the app's: nothing that this
// user plants there, or moves at the wrong moment, leads root to a file elsewhere.
import { closeSync, constants, fstatSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

/** open(2); not among Node's constants, and the same on x64 and arm64. */
const O_PATH = 0o10000000;
/** As many links as the kernel follows: path_resolution(7). */
const mostLinks = 40;

/**
 * Calls `act` with a path of the file that stays in the same directory, whatever happens to `path`
 * meanwhile: as openat(2), which Node does not have. The last component is not looked at. As root,
 * throws ELOOP if another user can make or replace a symbolic link on the way.
 */
export function inItsDirectory<T>(path: string, act: (entry: string) => T): T {
  const opened: number[] = [];
  const open = (one: string, flags: number): number => {
    const fd = openSync(one, flags);
    opened.push(fd);
    return fd;
  };
  try {
    const directory = walk(dirname(resolve(path)), open);
    return act(`/proc/self/fd/${directory}/${basename(path)}`);
  } finally {
    opened.forEach((fd) => closeSync(fd));
  }
}

/** One component after the other, as the kernel does it. Returns the descriptor of the last. */
function walk(path: string, open: (path: string, flags: number) => number): number {
  const root = open('/', O_PATH);
  const names = path.split('/');
  let at = root;
  let links = 0;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === '') continue;
    const entry = `/proc/self/fd/${at}/${name}`;
    const next = open(entry, O_PATH | constants.O_NOFOLLOW);
    if (!fstatSync(next).isSymbolicLink()) {
      at = next;
      continue;
    }
    if (++links > mostLinks || !isTrusted(fstatSync(at), fstatSync(next))) throw refusal(name);
    const target = readlinkSync(entry);
    if (target.startsWith('/')) at = root;
    names.unshift(...target.split('/'));
  }
  return at;
}

/** The link can be replaced by this user and root only. */
function isTrusted(directory: Stats, link: Stats): boolean {
  const user = process.getuid?.();
  if (user !== 0) return true;
  const isShared = (directory.mode & 0o022) !== 0;
  // In a sticky directory only the owner of an entry can replace it.
  const isSticky = (directory.mode & 0o1000) !== 0;
  return directory.uid === 0 && (!isShared || (isSticky && link.uid === 0));
}

function refusal(name: string): Error {
  const reason = `another user can change the symbolic link "${name}": use its target`;
  return Object.assign(new Error(`ELOOP: ${reason}`), { code: 'ELOOP' });
}

/** Of an error of `act`, without the path of the entry: "ENOENT: no such file or directory". */
export const withoutEntry = (message: string): string => message.split(', ')[0] ?? message;
