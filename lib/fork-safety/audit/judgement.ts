// Judgements: findings together with the ground that they rest on, made of rows of the catalogue.
import type { Finding } from '../../protocol/finding.js';
import type { Match } from './matching-rows.js';

export interface Judgement extends Finding {
  /** The ground: a loaded module, an observation, or the app's own word. */
  readonly by: 'name' | 'evidence' | 'app';
}

/** `found` completes a sentence about the subject: 'runs 3 threads'. */
export function judgementOf(
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

/** A fact for information, without a row in the catalogue. */
export function fact(subject: string, found: string, remedy = ''): Judgement {
  return {
    subject,
    version: null,
    severity: 'info',
    found,
    breaks: '',
    remedy,
    evidence: null,
    by: 'evidence',
  };
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Groups equal items; each group as its first item and its size. */
export function countBy<T>(items: readonly T[], key: (item: T) => string): [T, number][] {
  const groups = new Map<string, [T, number]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group[1]++;
    else groups.set(key(item), [item, 1]);
  }
  return [...groups.values()];
}
