// Reseeds the random generators of Node and V8 in a newborn. A fork copies the state of every
// generator that is kept in memory. OpenSSL detects a fork by itself; Node's caches of random bytes
// and V8's Math.random do not, so two workers would produce the same identifiers.
import * as crypto from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { createContext, runInContext } from 'node:vm';
import { native } from '../../system/native.js';

/** Identifiers cached by randomUUID (Node, lib/internal/crypto/random.js, kBatchSize). */
const uuidBatch = 128;
/** Six-byte draws in the cache of randomInt (ibid., randomCache, 6 KiB). */
const intBatch = 1024;

/** Runs in a newborn before any code of the app: no generator continues the mold's sequence. */
export function renewRandomness(): void {
  for (let draw = 0; draw < uuidBatch; draw++) crypto.randomUUID();
  for (let draw = 0; draw < intBatch; draw++) crypto.randomInt(2);
  // Node 26 has a separate batch for version 7.
  const { randomUUIDv7 } = crypto as { randomUUIDv7?: () => string };
  if (randomUUIDv7) for (let draw = 0; draw < uuidBatch; draw++) randomUUIDv7();
  if (!native.reseedMathRandom()) replaceMathRandom();
}

/**
 * Fallback for an unknown V8 layout: a new context has a generator of its own, seeded while the
 * flag is set. References to the old Math.random keep the old sequence, hence only a fallback.
 */
function replaceMathRandom(): void {
  setFlagsFromString(`--random-seed=${crypto.randomInt(1, 2 ** 31 - 1)}`);
  const random = runInContext('Math.random', createContext()) as () => number;
  random();
  setFlagsFromString('--random-seed=0');
  Math.random = random;
}
