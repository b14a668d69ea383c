// Ranges of versions, as far as the catalogue needs them: '*', '1.x', '>=2.1 <4', 'a || b'. A
// library for all that npm allows would be loaded into every process of the app.

type Version = readonly [major: number, minor: number, patch: number];

const comparator = /^(>=|<=|>|<|=)?v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.[x*])*(?:-[\w.-]+)?$/;

/** The text if it is a range; throws otherwise. */
export function readRange(text: string): string {
  if (
    !alternatives(text).every((words) =>
      words.every((word) => word === '*' || comparator.test(word)),
    )
  )
    throw new Error(`expected a range such as "*", "2.x" or ">=1.2 <3 || 4.x", got "${text}"`);
  return text;
}

/** Pre-releases count as what they become. */
export function inRange(version: string, range: string): boolean {
  return alternatives(range).some((words) => words.every((word) => satisfies(version, word)));
}

export function isBefore(version: string, limit: string): boolean {
  return compare(parse(version), parse(limit)) < 0;
}

function alternatives(range: string): string[][] {
  return range.split('||').map((part) => part.trim().split(/\s+/));
}

function satisfies(version: string, word: string): boolean {
  if (word === '*') return true;
  const [, operator, major, minor, patch] = comparator.exec(word) ?? [];
  if (major === undefined) return false;
  const given = [major, minor, patch].flatMap((part) => (part === undefined ? [] : [Number(part)]));
  // Only as far as it is given: 2 is all of 2.x, and <=2 has 2.9 in it.
  const order = compare(parse(version).slice(0, given.length), given);
  switch (operator) {
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '<':
      return order < 0;
    default:
      return order === 0;
  }
}

function parse(version: string): Version {
  const [major = 0, minor = 0, patch = 0] = (/^v?([\d.]+)/.exec(version)?.[1] ?? '')
    .split('.')
    .map(Number);
  return [major, minor, patch];
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (const [index, part] of right.entries()) {
    const difference = (left[index] ?? 0) - part;
    if (difference !== 0) return difference;
  }
  return 0;
}
