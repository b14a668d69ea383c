// Whether a value is a promise, of whatever library: what `await` would wait for.

/** An object that merely has a property `then` is none. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

/**
 * Calls `failed` if the value is a promise that rejects. A `then` that cannot be read or called is
 * not one of a promise, and reveals nothing about the work of the function that returned it.
 */
export function onRejection(value: unknown, failed: (error: unknown) => void): void {
  try {
    if (isThenable(value)) value.then(undefined, failed);
  } catch {
    // Not a promise.
  }
}
