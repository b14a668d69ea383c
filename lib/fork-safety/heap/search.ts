// Finds live objects of given classes, which only the app refers to, in one walk of V8's heap.
import { native } from '../../system/native.js';

export interface Search {
  readonly prototype: object;
  /** Called once, with all objects that inherit from the prototype. */
  readonly found: (instances: object[]) => void;
}

/**
 * One walk, whatever the number of searches. It begins with a full garbage collection, so the time
 * that it takes grows with the heap: about a second for 500 MiB.
 */
export function searchHeap(searches: readonly Search[]): void {
  const instances = new Map<object, object[]>(searches.map(({ prototype }) => [prototype, []]));
  for (const object of native.instancesOf([...instances.keys()])) {
    // The prototype of a subclass is not an instance.
    if (Object.hasOwn(object, 'constructor')) continue;
    for (let link = prototypeOf(object); link !== null; link = prototypeOf(link))
      instances.get(link)?.push(object);
  }
  for (const { prototype, found } of searches) found(instances.get(prototype) ?? []);
}

const prototypeOf = (object: object): object | null =>
  Object.getPrototypeOf(object) as object | null;
