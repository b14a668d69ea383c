// A list that does not keep its objects alive.

/** Dead entries are swept whenever the list has doubled in size since the last sweep. */
const leastLimit = 256;

export class WeakList<T extends object> {
  #refs: WeakRef<T>[] = [];
  #limit = leastLimit;

  /** The caller must not add an object twice. */
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
