// Draws from every generator that Node offers, for specs about the copies that a fork makes.
import { randomBytes, randomInt, randomUUID, webcrypto } from 'node:crypto';

export type Drawn = Record<string, string[]>;

/** Taken before any fork, as libraries do. */
const captured = Math.random;

/** 47 bits: a repetition among some ten thousand values is no coincidence. */
const intLimit = 2 ** 47;

const generators: Record<string, () => string> = {
  randomUUID: () => randomUUID(),
  randomInt: () => String(randomInt(intLimit)),
  'Math.random': () => String(Math.random()),
  'Math.random captured at load': () => String(captured()),
  randomBytes: () => randomBytes(16).toString('hex'),
  getRandomValues: () => Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString('hex'),
};

export function draw(count: number): Drawn {
  return Object.fromEntries(
    Object.entries(generators).map(([name, next]) => [name, Array.from({ length: count }, next)]),
  );
}

/** Number of earlier draws of each generator; both of Math.random count as one. */
export function repetitions(draws: readonly Drawn[]): Record<string, number> {
  const families = new Map<string, string[]>();
  for (const [name, values] of draws.flatMap((drawn) => Object.entries(drawn))) {
    const family = name.replace(/ captured.*/, '');
    families.set(family, (families.get(family) ?? []).concat(values));
  }
  return Object.fromEntries(
    [...families].map(([family, values]) => [family, values.length - new Set(values).size]),
  );
}
