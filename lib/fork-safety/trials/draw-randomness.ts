// Draws a few values from every generator of Node and V8, to compare with the draws of another
// fork: equal values mean a shared state.
import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** By generator. */
export function drawRandomness(): Record<string, string> {
  return {
    'Math.random': String(Math.random()),
    randomUUID: randomUUID(),
    randomInt: String(randomInt(2 ** 47)),
    randomBytes: randomBytes(16).toString('hex'),
    getRandomValues: crypto.getRandomValues(new Uint32Array(4)).join(),
  };
}
