// Tries in a fork whatever a fork must be able to do: collect garbage, use libuv's pool, run
// timers, compile code. Each trial has a deadline, since broken features mostly hang.
import { scrypt } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { settlesWithin } from '../../base/settles-within.js';
import type { Trial } from '../../protocol/trial.js';
import { native } from '../../system/native.js';

/** Declared here: Node's types lack it without those for browsers. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<unknown> };

const trialMs = 5_000;

const trials: Readonly<Record<string, () => unknown>> = {
  'garbage collection': () => {
    Array.from({ length: 50_000 }, (_, index) => ({ index }));
    native.collectGarbage();
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

/** Runs one trial after the other; a failed trial does not stop the rest. */
export async function runTrials(): Promise<Trial[]> {
  const results: Trial[] = [];
  for (const [name, trial] of Object.entries(trials)) results.push(await resultOf(name, trial));
  return results;
}

async function resultOf(name: string, trial: () => unknown): Promise<Trial> {
  const started = performance.now();
  try {
    const settled = await settlesWithin(Promise.resolve(trial()), trialMs);
    if (!settled) return { name, ok: false, detail: `no result within ${trialMs} ms` };
    return { name, ok: true, detail: `${Math.round(performance.now() - started)} ms` };
  } catch (error) {
    return { name, ok: false, detail: String(error) };
  }
}
