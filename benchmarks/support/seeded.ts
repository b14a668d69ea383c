// Reproducible random choices from a seed.

/** Numbers from 0 up to 1, by Mulberry32, which is small and good enough for choices. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Weighted {
  /** Relative frequency. */
  readonly weight: number;
}

/** One of them; `list` has at least one, of a weight above 0. */
export function choose<T extends Weighted>(list: readonly T[], random: () => number): T {
  let rest = random() * list.reduce((sum, { weight }) => sum + weight, 0);
  const chosen = list.find(({ weight }) => (rest -= weight) < 0) ?? list.at(-1);
  if (!chosen) throw new RangeError('nothing to choose from');
  return chosen;
}

export const between = (least: number, most: number, random: () => number): number =>
  least + random() * (most - least);
