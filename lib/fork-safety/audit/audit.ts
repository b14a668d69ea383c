// Looks at this process before it is forked: what a fork could not carry on, and what to do.
import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../../config/settings.js';
import { catalogue } from '../catalogue/index.js';
import { collect } from './collect.js';
import type { Finding } from '../../protocol/finding.js';
import { judge } from './judge.js';
import { applyPolicy, userRows } from './policy.js';

/** What a thread, a Worker or a child process that was told to end may take to be gone. */
const endingMs = 100;

/**
 * Never throws for what it cannot read. Takes turns of the event loop, and some 100 ms more where
 * there is something to refuse.
 */
export async function audit(settings: Settings['incompatibleModules']): Promise<Finding[]> {
  const rows = [...userRows(settings.also), ...catalogue];
  const look = (): Finding[] => applyPolicy(judge(collect(), rows), settings);
  const findings = look();
  if (!findings.some(({ severity }) => severity === 'refuse')) return findings;
  await delay(endingMs);
  return look();
}
