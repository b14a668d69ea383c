// The pids of newborns, by the kernel's word. With the order to fork goes one end of a witness pair
// (native.witnessPair): the newborn's first act is to write on it, and the kernel attaches its pid.
import { witnessedPid, type Pid } from '../../system/own-children.js';
import { native } from '../../system/native.js';

export class Witnesses {
  /** Our ends, by the ids of children that have not been born yet. */
  readonly #open = new Map<number, number>();

  /** Returns the end for the newborn, which the caller closes. */
  expect(id: number): number {
    const [ours, theirs] = native.witnessPair();
    this.#open.set(id, ours);
    return theirs;
  }

  /** The pid of that child, once; null as long as it has not been born. */
  take(id: number): Pid | null {
    const fd = this.#open.get(id);
    const pid = fd === undefined ? null : witnessedPid(fd);
    if (pid !== null) this.forget(id);
    return pid;
  }

  forget(id: number): void {
    const fd = this.#open.get(id);
    if (fd === undefined) return;
    this.#open.delete(id);
    native.closeDescriptor(fd);
  }
}
