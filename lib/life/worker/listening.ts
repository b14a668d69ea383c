// Whether the sockets that a worker accepts from are still its own: an app can close them, by the
// `close` of its server or by their numbers, and nobody would be served any more by a worker whose
// event loop turns.
import { fstatSync } from 'node:fs';

export class Listening {
  readonly #inodes: ReadonlyMap<number, number>;

  /** To be made while they are open. */
  constructor(fds: readonly number[]) {
    this.#inodes = new Map(fds.map((fd) => [fd, fstatSync(fd).ino]));
  }

  /** Costs one system call for each. */
  isWhole(): boolean {
    try {
      return [...this.#inodes].every(([fd, inode]) => fstatSync(fd).ino === inode);
    } catch {
      return false; // EBADF
    }
  }
}
