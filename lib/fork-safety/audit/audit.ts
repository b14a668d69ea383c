// Audits this process before it is forked: finds whatever a fork would break, and the remedy.
import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../../config/settings.js';
import type { Finding } from '../../protocol/finding.js';
import { catalogue } from '../catalogue/catalogue.js';
import { collect } from './collect.js';
import { judge } from './judge.js';
import { applyPolicy, userRows } from './policy.js';

/** Time for threads, Workers and child processes that are ending to be gone. */
const endingMs = 100;

/**
 * Ignores whatever cannot be read. If a fork would be refused, looks again after 100 ms: the reason
 * may be about to end.
 */
export async function audit(settings: Settings['incompatibleModules']): Promise<Finding[]> {
  const rows = [...userRows(settings.also), ...catalogue];
  const findAll = (): Finding[] => applyPolicy(judge(collect(), rows), settings);
  const findings = findAll();
  if (!findings.some(({ severity }) => severity === 'refuse')) return findings;
  await delay(endingMs);
  return findAll();
}
