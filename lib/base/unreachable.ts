/**
 * For the default of a switch over a union: the compiler proves that it is never called; at run
 * time it throws.
 */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
