// Finds the rows of the catalogue that speak of an observation, and makes judgements of them. Pure.
import type { Condition, Row } from '../catalogue/row.js';
import type { Finding } from '../../protocol/finding.js';
import type { NodeOption } from './node-options.js';
import type { Package } from '../heap/package-of.js';
import { inRange, isBefore } from '../../base/version-range.js';

export interface Judgement extends Finding {
  /** What it rests on: that something is loaded, what was observed, or the app's own word. */
  readonly by: 'name' | 'evidence' | 'app';
}

export interface Match {
  readonly row: Row;
  /** null for a row that is about no package. */
  readonly package: Package | null;
}

/** All rows that speak of what is there and have such a condition. */
export function matches(
  rows: readonly Row[],
  packages: readonly Package[],
  condition: (condition: Condition) => boolean,
): Match[] {
  return rows.flatMap((row): Match[] => {
    if (!row.applies.some(condition)) return [];
    if (row.builtIn) return [{ row, package: null }];
    return packages
      .filter((loaded) => isAbout(row, loaded))
      .map((loaded) => ({ row, package: loaded }));
  });
}

export function isAbout(row: Row, loaded: Package): boolean {
  return row.packages.includes(loaded.name) && inRange(loaded.version, row.versions);
}

export function judgement(
  { row, package: loaded }: Match,
  found: string,
  by: Judgement['by'],
): Judgement {
  const { severity, breaks, remedy, evidence } = row;
  return {
    subject: loaded?.name ?? row.packages[0] ?? '',
    version: loaded?.version ?? null,
    severity: severity === 'refuse' || severity === 'warn' ? severity : 'info',
    found,
    breaks: severity === 'repaired' || severity === 'ok' ? '' : breaks,
    remedy,
    evidence,
    by,
  };
}

/** The first row that speaks of an option of Node, and how many threads it explains. */
export function matchOption(
  rows: readonly Row[],
  { option, value }: NodeOption,
  nodeVersion: string,
): { match: Match; threads: number } | undefined {
  const written = writtenOption({ option, value });
  for (const row of rows)
    for (const condition of row.applies)
      if (
        condition.when === 'option' &&
        condition.option.test(written) &&
        (condition.nodeBefore === undefined || isBefore(nodeVersion, condition.nodeBefore))
      )
        return { match: { row, package: null }, threads: condition.threads };
  return undefined;
}

export function writtenOption({ option, value }: NodeOption): string {
  return `${option} ${value}`.trim();
}

export function told(subject: string, found: string): Judgement {
  return {
    subject,
    version: null,
    severity: 'info',
    found,
    breaks: '',
    remedy: '',
    evidence: null,
    by: 'evidence',
  };
}

export function countBy<T>(items: readonly T[], key: (item: T) => string): [T, number][] {
  const groups = new Map<string, [T, number]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group[1]++;
    else groups.set(key(item), [item, 1]);
  }
  return [...groups.values()];
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
