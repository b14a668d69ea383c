// Objects that somebody else owns: remembered as long as they live, and not a moment longer.

/** Dead entries are looked for when the list has doubled since the last time. */
const leastLimit = 256;

export class WeakList<T extends object> {
  #refs: WeakRef<T>[] = [];
  #limit = leastLimit;

  /** The caller sees to it that no object is added twice. */
  add(object: T): void {
    if (this.#refs.length >= this.#limit) {
      this.#refs = this.#refs.filter((ref) => ref.deref() !== undefined);
      this.#limit = Math.max(leastLimit, 2 * this.#refs.length);
    }
    this.#refs.push(new WeakRef(object));
  }

  alive(): T[] {
    return this.#refs.map((ref) => ref.deref()).filter((object) => object !== undefined);
  }
}
