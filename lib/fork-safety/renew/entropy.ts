// A fork copies the state of every generator that lives in memory. OpenSSL notices by itself;
// Node's caches of random bytes and V8's Math.random do not, and two workers would hand out the
// same identifiers.
import * as crypto from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { createContext, runInContext } from 'node:vm';
import { native } from '../../system/native.js';

/** Entries of the batch that randomUUID keeps (lib/internal/crypto/random.js, kBatchSize). */
const uuidBatch = 128;
/** Six-byte draws in the buffer that randomInt keeps (ibid., randomCache of 6 KiB). */
const intBatch = 1024;

/**
 * For a newborn, before any code of the app runs: no generator of Node or V8 continues its mold's
 * sequence.
 */
export function renewEntropy(): void {
  for (let draw = 0; draw < uuidBatch; draw++) crypto.randomUUID();
  for (let draw = 0; draw < intBatch; draw++) crypto.randomInt(2);
  // Node 26 has a batch of its own for version 7.
  const { randomUUIDv7 } = crypto as { randomUUIDv7?: () => string };
  if (randomUUIDv7) for (let draw = 0; draw < uuidBatch; draw++) randomUUIDv7();
  if (!native.reseedMathRandom()) replaceMathRandom();
}

/**
 * Where V8's layout is unknown: a new context gets a state of its own, seeded while the flag is
 * set. References to the old Math.random keep the old sequence, hence only a fallback.
 */
function replaceMathRandom(): void {
  setFlagsFromString(`--random-seed=${crypto.randomInt(1, 2 ** 31 - 1)}`);
  const random = runInContext('Math.random', createContext()) as () => number;
  random();
  setFlagsFromString('--random-seed=0');
  Math.random = random;
}
