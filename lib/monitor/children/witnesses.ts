// The pids of newborns, by the kernel's word. With the order to fork goes one end of a witness pair
// (native.witnessPair): the newborn's first act is to write on it, and the kernel attaches its pid.
// A writer that can forge that can still name a child of ours only.
import { childPid, type Pid } from '../../system/own-children.js';
import { native } from '../../system/native.js';

interface Witness {
  /** Our end. */
  readonly fd: number;
  /** The first writer; null as long as there is none. */
  writer: number | null;
}

export class Witnesses {
  /** By the ids of children whose pids are not known yet. */
  readonly #open = new Map<number, Witness>();

  /** Returns the end for the newborn, which the caller closes. */
  expect(id: number): number {
    const [fd, theirs] = native.witnessPair();
    this.#open.set(id, { fd, writer: null });
    return theirs;
  }

  /**
   * The pid of that child, once; null as long as it has not been born, or handed over to us: it
   * writes while its parent is still the process in the middle of a double fork.
   */
  take(id: number): Pid | null {
    const witness = this.#open.get(id);
    if (!witness) return null;
    witness.writer ??= native.sender(witness.fd);
    const pid = witness.writer === null ? null : childPid(witness.writer);
    if (pid !== null) this.forget(id);
    return pid;
  }

  forget(id: number): void {
    const witness = this.#open.get(id);
    if (!witness) return;
    this.#open.delete(id);
    native.closeDescriptor(witness.fd);
  }
}
