// Random bytes that a library has in store are copied by a fork, and two workers would cut the same
// identifiers from them. Here Node's functions that fill such stores remember where, if a library
// of pooling-packages.ts calls them, and a newborn fills those places anew. What the app itself
// drew is never touched: a secret made at boot has to be the same in all workers.
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { native } from '../../system/native.js';
import { packageOf } from '../heap/package-of.js';
import { isKeptBySome, poolingPackages, type PoolingPackage } from './pooling-packages.js';
import { WeakList } from './weak-list.js';

interface Place {
  readonly owner: PoolingPackage;
  readonly offset: number;
  readonly length: number;
}

/**
 * Of the memory, not of the view that was filled: a library may keep another view of it. The places
 * are in bytes, by their offset and length.
 */
const places = new WeakMap<ArrayBuffer, Map<string, Place>>();
const filled = new WeakList<ArrayBuffer>();

const { randomFillSync } = crypto;

/** To be called once, before the app is loaded. */
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
            note(bytes.buffer, { owner, offset: bytes.byteOffset, length: bytes.byteLength });
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

/** For a newborn: fills what listed libraries keep anew. */
export function refillPools(): void {
  for (const buffer of filled.alive())
    for (const { owner, offset, length } of places.get(buffer)?.values() ?? []) {
      // It was detached or made smaller.
      if (offset + length > buffer.byteLength) continue;
      const bytes = new Uint8Array(buffer, offset, length);
      randomFillSync(bytes);
      owner.shape?.(bytes);
    }
}

type AnyFunction = (...args: unknown[]) => unknown;

/** The replacement has the original's name, length and whatever promisify looks for. */
function wrap(holder: object, name: string, make: (original: AnyFunction) => AnyFunction): void {
  const descriptor = Object.getOwnPropertyDescriptor(holder, name);
  const original: unknown = descriptor?.value;
  if (typeof original !== 'function') throw new Error(`node:crypto has no function ${name}`);
  const replacement = make(original as AnyFunction);
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original));
  Object.defineProperty(holder, name, { ...descriptor, value: replacement });
}

/** `(view, offset, size)`, the numbers in elements; those left out mean the rest. */
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
  if (places.get(buffer)?.has(`${offset}:${length}`)) return;
  const owner = callingOwner(length);
  if (owner) note(buffer, { owner, offset, length });
}

/** Between us and a library there may be helpers of Node, such as promisify's. */
const nearestFrames = 8;

/** The library that makes this call. Most calls are the app's, and of lengths that none keeps. */
function callingOwner(bytes: number): PoolingPackage | null {
  if (!isKeptBySome(bytes)) return null;
  const [script = ''] = native.callerScripts(nearestFrames, 1);
  const owner = poolingPackages.get(packageOf(script)?.name ?? '');
  return owner?.keeps(bytes) ? owner : null;
}

function note(buffer: ArrayBuffer, place: Place): void {
  let known = places.get(buffer);
  if (!known) {
    known = new Map<string, Place>();
    places.set(buffer, known);
    filled.add(buffer);
  }
  known.set(`${place.offset}:${place.length}`, place);
}

/** No listed library keeps its bytes in shared memory. */
function isOrdinary(value: unknown): value is ArrayBufferView<ArrayBuffer> {
  return ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer;
}
