// Detects another process listening on the same address: SO_REUSEPORT lets a second instance of the
// same user bind a port that is taken, and silently share its connections. The kernel's table of
// sockets reveals it.
import { fstatSync, readFileSync } from 'node:fs';

const tables = ['/proc/net/tcp', '/proc/net/tcp6'];
const listenState = '0A';

/**
 * Whether any of these listening sockets shares its address with a socket that is not among them.
 */
export function isPortShared(fds: readonly number[]): boolean {
  const own = new Set(fds.map((fd) => fstatSync(fd, { bigint: true }).ino.toString()));
  return tables.some((file) => hasStranger(read(file), own));
}

/** Like `isPortShared`, from the text of a table and the inodes of our sockets. */
export function hasStranger(table: string, own: ReadonlySet<string>): boolean {
  const listening = table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listenState)
    .map((fields) => ({ address: fields[1], inode: fields[9] ?? '' }));
  const addresses = new Set(
    listening.filter(({ inode }) => own.has(inode)).map(({ address }) => address),
  );
  return listening.some(({ address, inode }) => addresses.has(address) && !own.has(inode));
}

/** A missing table (no IPv6, no /proc) counts as empty. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
