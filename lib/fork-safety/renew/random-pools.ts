// Refills the pools of random bytes that libraries keep: a fork copies them, and two workers would
// cut the same identifiers from them. Node's random functions are wrapped to record the memory that
// a package of random-pool-packages.ts has filled, and a newborn fills it again. Bytes drawn by the
// app itself are never touched: a secret made at boot must be the same in all workers.
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { native } from '../../system/native.js';
import { packageOf } from '../heap/package-of.js';
import { isKeptByAny, randomPoolPackages, type RandomPoolPackage } from './random-pool-packages.js';
import { WeakList } from '../heap/weak-list.js';

/** A part of a buffer, in bytes. */
interface PoolRange {
  readonly owner: RandomPoolPackage;
  readonly offset: number;
  readonly length: number;
}

/** By buffer, not by view, since a library may keep another view; keys are 'offset:length'. */
const rangesOf = new WeakMap<ArrayBuffer, Map<string, PoolRange>>();
const pools = new WeakList<ArrayBuffer>();

const { randomFillSync } = crypto;

/** Call once, before the app is loaded. */
export function watchPools(): void {
  for (const name of ['randomFillSync', 'randomFill'])
    wrap(
      crypto,
      name,
      (original) =>
        function (this: unknown, ...args: unknown[]): unknown {
          const result: unknown = Reflect.apply(original, this, args);
          rememberRange(args);
          return result;
        },
    );
  wrap(
    crypto,
    'randomBytes',
    (original) =>
      function (this: unknown, ...args: unknown[]): unknown {
        const [size, callback] = args;
        if (typeof callback !== 'function') {
          const bytes: unknown = Reflect.apply(original, this, args);
          rememberView(bytes);
          return bytes;
        }
        const owner = callingOwner(Number(size));
        if (!owner) return Reflect.apply(original, this, args);
        const remembering = (...results: unknown[]): unknown => {
          const [, bytes] = results;
          if (isOrdinary(bytes))
            addRange(bytes.buffer, { owner, offset: bytes.byteOffset, length: bytes.byteLength });
          return Reflect.apply(callback, undefined, results);
        };
        return Reflect.apply(original, this, [size, remembering]);
      },
  );
  wrap(
    Object.getPrototypeOf(crypto.webcrypto) as object,
    'getRandomValues',
    (original) =>
      function (this: unknown, ...args: unknown[]): unknown {
        const result: unknown = Reflect.apply(original, this, args);
        rememberView(args[0]);
        return result;
      },
  );
  syncBuiltinESMExports();
}

/** Runs in a newborn: refills the pools of all listed packages. */
export function refillPools(): void {
  for (const buffer of pools.alive())
    for (const { owner, offset, length } of rangesOf.get(buffer)?.values() ?? []) {
      // Detached or shrunk since.
      if (offset + length > buffer.byteLength) continue;
      const bytes = new Uint8Array(buffer, offset, length);
      randomFillSync(bytes);
      owner.shape?.(bytes);
    }
}

type AnyFunction = (...args: unknown[]) => unknown;

/** The replacement keeps the original's name, length and symbol for promisify. */
function wrap(holder: object, name: string, make: (original: AnyFunction) => AnyFunction): void {
  const descriptor = Object.getOwnPropertyDescriptor(holder, name);
  const original: unknown = descriptor?.value;
  if (typeof original !== 'function') throw new Error(`node:crypto has no function ${name}`);
  const replacement = make(original as AnyFunction);
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original));
  Object.defineProperty(holder, name, { ...descriptor, value: replacement });
}

/** Arguments `(view, offset, size)`; the numbers count elements and default to the rest. */
function rememberRange([view, offset, size]: unknown[]): void {
  if (!isOrdinary(view)) return;
  const width = 'BYTES_PER_ELEMENT' in view ? Number(view.BYTES_PER_ELEMENT) : 1;
  const start = typeof offset === 'number' ? offset * width : 0;
  const length = typeof size === 'number' ? size * width : view.byteLength - start;
  remember(view.buffer, view.byteOffset + start, length);
}

function rememberView(view: unknown): void {
  if (isOrdinary(view)) remember(view.buffer, view.byteOffset, view.byteLength);
}

function remember(buffer: ArrayBuffer, offset: number, length: number): void {
  if (rangesOf.get(buffer)?.has(`${offset}:${length}`)) return;
  const owner = callingOwner(length);
  if (owner) addRange(buffer, { owner, offset, length });
}

/** Allows for frames of Node between this file and a library, such as promisify's. */
const nearestFrames = 8;

/** The listed package that makes this call, or null. Most calls are the app's. */
function callingOwner(bytes: number): RandomPoolPackage | null {
  if (!isKeptByAny(bytes)) return null;
  const [script = ''] = native.callerScripts(nearestFrames, 1);
  const owner = randomPoolPackages.get(packageOf(script)?.name ?? '');
  return owner?.keeps(bytes) ? owner : null;
}

function addRange(buffer: ArrayBuffer, range: PoolRange): void {
  let known = rangesOf.get(buffer);
  if (!known) {
    known = new Map<string, PoolRange>();
    rangesOf.set(buffer, known);
    pools.add(buffer);
  }
  known.set(`${range.offset}:${range.length}`, range);
}

/** Excludes shared memory, which no listed package uses for its pools. */
function isOrdinary(value: unknown): value is ArrayBufferView<ArrayBuffer> {
  return ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer;
}
