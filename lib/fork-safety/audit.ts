// Looks at this process before it is forked: what a fork could not carry on, and what to do.
import type { Settings } from '../config/settings.js';
import { catalogue } from './catalogue/index.js';
import { collect } from './collect.js';
import type { Finding } from './finding.js';
import { judge } from './judge.js';
import { applyPolicy, userRows } from './policy.js';

/** Never throws for what it cannot read; loop turns are allowed while it runs. */
export async function audit(settings: Settings['incompatibleModules']): Promise<Finding[]> {
  const rows = [...userRows(settings.also), ...catalogue];
  return applyPolicy(judge(collect(), rows), settings);
}
