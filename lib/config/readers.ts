// Readers turn what a user wrote into a value, or throw an Error that says what was expected and
// what was found. The configuration, the command line and the environment share them, so that a
// value means the same everywhere.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

export type Reader<T> = (value: unknown) => T;

/**
 * The largest delay of a Node timer, 2^31 - 1 ms: nearly 25 days. A longer one would fire at once.
 */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Each worker is a process with listening sockets of its own: a larger number is a slip of the
 * keyboard.
 */
const mostWorkers = 1024;

/** sockaddr_un.sun_path holds 108 bytes, the last of which is a terminating zero. */
const longestSocketPath = 107;

const unitsMs: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const unitsBytes: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['kB', 1e3],
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
]);

export function unexpected(expected: string, value: unknown): Error {
  return new Error(`expected ${expected}, got ${show(value)}`);
}

/** Milliseconds, from a number of them or from a text with a unit. */
export function readDuration(value: unknown): number {
  const ms = durationMs(value);
  if (ms === undefined) throw unexpected('a duration such as 500 or "20s"', value);
  if (ms > longestTimerMs) throw unexpected('a duration of at most 24 days', value);
  return ms;
}

/** A duration of at least `fromMs`, for deadlines that are checked a few times per second. */
export function readDurationFrom(fromMs: number): Reader<number> {
  return (value) => {
    const ms = readDuration(value);
    if (ms >= fromMs) return ms;
    throw unexpected(
      fromMs < 1000 ? 'a duration above zero' : `at least "${fromMs / 1000}s"`,
      value,
    );
  };
}

function durationMs(value: unknown): number | undefined {
  if (typeof value === 'number')
    return Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(value.trim());
  const unitMs = unitsMs.get(match?.[2] || 'ms');
  return match && unitMs !== undefined ? Math.round(Number(match[1]) * unitMs) : undefined;
}

/** A positive number of bytes, from that number or from a text with a unit. */
export function readBytes(value: unknown): number {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(value) : null;
  const unit = unitsBytes.get(match?.[2] ?? '');
  const bytes = match && unit !== undefined ? Math.round(Number(match[1]) * unit) : value;
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 1)
    throw unexpected('a number of bytes such as 536870912, "512MB" or "1GiB"', value);
  return bytes;
}

/**
 * The number of workers; 'auto' is as many as there are cores for this process, 0 is single mode.
 */
export function readWorkers(value: unknown): number {
  if (value === 'auto') return availableParallelism();
  return readInteger({
    from: 0,
    to: mostWorkers,
    expected: `an integer from 0 to ${mostWorkers} or "auto"`,
  })(value);
}

export function readInteger(range: { from: number; to: number; expected: string }): Reader<number> {
  return (value) => {
    if (
      typeof value !== 'number' ||
      !Number.isSafeInteger(value) ||
      value < range.from ||
      value > range.to
    )
      throw unexpected(range.expected, value);
    return value;
  };
}

/** Thresholds of requests; `false` alone is the same as none. */
export function readReforkAfter(value: unknown): (number | false)[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const thresholds = list.map((item, index) => {
    if (item === false) {
      if (index === list.length - 1) return item;
      throw new Error('expected false only at the end: nothing reforks after it');
    }
    if (typeof item === 'number' && Number.isSafeInteger(item) && item > 0) return item;
    throw unexpected('positive integers, and false at the end to stop', item);
  });
  return thresholds[0] === false ? [] : thresholds;
}

/** The largest id that is not -1, which stands for no user. */
const largestId = 2 ** 32 - 2;

/** The name of a user or a group, or its id. */
export function readAccount(value: unknown): string | number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largestId)
    return value;
  // A name of digits would be taken for an id by one tool and for a name by the next.
  if (typeof value === 'string' && /^(?!\d+$)[^\s:\0]+$/.test(value)) return value;
  throw unexpected('a name such as "www-data" or an id such as 33', value);
}

/** Exactly one of the given words or numbers. */
export function readWord<Word extends string | number>(words: readonly Word[]): Reader<Word> {
  return (value) => {
    const word = words.find((known) => known === value);
    if (word === undefined)
      throw unexpected(words.map((known) => JSON.stringify(known)).join(' or '), value);
    return word;
  };
}

export function readFlag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw unexpected('true or false', value);
  return value;
}

export function readUrlPath(value: unknown): string {
  if (typeof value !== 'string' || !/^\/[^\s?#]*$/.test(value))
    throw unexpected('a path such as "/metrics"', value);
  return value;
}

export function readText(expected: string): Reader<string> {
  return (value) => {
    if (typeof value !== 'string' || value.trim() === '' || value.includes('\0'))
      throw unexpected(expected, value);
    return value;
  };
}

/** A shorter one could be guessed. */
const shortestToken = 16;

/** The secret itself appears in no message. */
export function readToken(value: unknown): string {
  if (typeof value !== 'string') throw unexpected('a secret text', value);
  if (!/^[\x21-\x7e]*$/.test(value))
    throw new Error('expected a secret text of printable ASCII characters without spaces');
  if (value.length < shortestToken)
    throw new Error(
      `expected a secret text of at least ${shortestToken} characters, got ${value.length}`,
    );
  return value;
}

/** The absolute path of a unix socket that the kernel can bind. */
export function readSocketPath(value: unknown, directory: string): string {
  const path = resolve(directory, readText('the path of a unix socket')(value));
  const bytes = Buffer.byteLength(path);
  if (bytes > longestSocketPath)
    throw new Error(
      `a unix socket's path can have ${longestSocketPath} bytes, ${path} has ${bytes}: ` +
        'use a shorter one',
    );
  return path;
}

/** A value as a user recognises it, in one line. */
export function show(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'symbol') return 'a symbol';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'a list' : 'an object';
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 80 ? `${text.slice(0, 77)}…"` : text;
}
