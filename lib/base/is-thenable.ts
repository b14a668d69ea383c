// Whether a value is a promise, of whatever library: what `await` would wait for.

/** An object that merely has a property `then` is none. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    'then' in value &&
    typeof value.then === 'function'
  );
}
