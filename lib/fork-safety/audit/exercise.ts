// What a fork must be able to do, tried in a fork: the collector, libuv's pool, timers, the
// optimising compiler, and randomness of its own. Each trial has a deadline, since what is broken
// mostly hangs.
import { randomBytes, randomInt, randomUUID, scrypt } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Trial } from '../../protocol/trial.js';
import { native } from '../../system/native.js';

/** Not among the types for Node without those for browsers. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<unknown> };

const trialMs = 5_000;

const trials: Readonly<Record<string, () => unknown>> = {
  'garbage collection': () => {
    for (let round = 0; round < 3; round++) {
      Array.from({ length: 50_000 }, (_, index) => ({ index }));
      native.collectGarbage();
    }
  },
  'thread pool (files, names, hashes, compression)': () =>
    Promise.all([
      readFile('/proc/self/comm'),
      lookup('localhost'),
      promisify(scrypt)('password', 'salt', 16),
      promisify(gzip)('text').then((packed) => promisify(gunzip)(packed)),
    ]),
  timers: () => new Promise((resolve) => setTimeout(() => setImmediate(resolve), 5)),
  'optimised code': () => {
    let sum = 0;
    for (let count = 0; count < 5_000_000; count++) sum = (sum + count * 7) % 1_000_003;
    return sum;
  },
  WebAssembly: async () => WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)),
};

export async function runTrials(): Promise<Trial[]> {
  const results: Trial[] = [];
  for (const [name, trial] of Object.entries(trials)) results.push(await outcome(name, trial));
  return results;
}

async function outcome(name: string, trial: () => unknown): Promise<Trial> {
  const started = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${trialMs} ms`)), trialMs);
  });
  try {
    await Promise.race([trial(), timeout]);
    return { name, ok: true, detail: `${Math.round(performance.now() - started)} ms` };
  } catch (error) {
    return { name, ok: false, detail: String(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** A few values of each generator, for a comparison with those of another fork. */
export function draw(): Record<string, string> {
  return {
    'Math.random': String(Math.random()),
    randomUUID: randomUUID(),
    randomInt: String(randomInt(2 ** 47)),
    randomBytes: randomBytes(16).toString('hex'),
    getRandomValues: crypto.getRandomValues(new Uint32Array(4)).join(),
  };
}
