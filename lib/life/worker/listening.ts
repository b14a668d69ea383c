// Checks that a worker's listening sockets are still open: an app can close them, by `close` of its
// server or by their numbers, and a worker with a healthy event loop would serve no one.
import { fstatSync } from 'node:fs';

export class Listening {
  readonly #inodes: ReadonlyMap<number, number>;

  /** To be constructed while the sockets are open. */
  constructor(fds: readonly number[]) {
    this.#inodes = new Map(fds.map((fd) => [fd, fstatSync(fd).ino]));
  }

  /** Costs one system call per socket. */
  isWhole(): boolean {
    try {
      return [...this.#inodes].every(([fd, inode]) => fstatSync(fd).ino === inode);
    } catch {
      return false; // EBADF
    }
  }
}
