// Finds the rows of the catalogue that apply to an observation. Pure.
import { inRange, isBefore } from '../../base/version-range.js';
import type { Condition, Row } from '../catalogue/row.js';
import type { Package } from '../heap/package-of.js';
import type { NodeOption } from '../evidence/node-options.js';

export interface Match {
  readonly row: Row;
  /** The loaded package; null for a row about Node or the system. */
  readonly package: Package | null;
}

/** All rows with such a condition, each with every loaded package that it is about. */
export function matchRows(
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

/** The first row that applies to an option of Node, and the number of threads it accounts for. */
export function matchOption(
  rows: readonly Row[],
  { option, value }: NodeOption,
  nodeVersion: string,
): { match: Match; threads: number } | undefined {
  const written = optionText({ option, value });
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

/** '--option value', or '--option' alone. */
export function optionText({ option, value }: NodeOption): string {
  return `${option} ${value}`.trim();
}
