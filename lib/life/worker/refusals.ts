// The findings that prevent the fork of a worker, collected before it drains.
import type { Settings } from '../../config/settings.js';
import { audit } from '../../fork-safety/audit/audit.js';
import type { Finding } from '../../protocol/finding.js';

/**
 * Empty if the worker can be forked, or if the app has a hook `afterMoldFork`, which may still
 * remove the obstacle: then the mold's own audit decides.
 */
export async function refusals({ hooks, incompatibleModules }: Settings): Promise<Finding[]> {
  if (hooks.afterMoldFork.length > 0) return [];
  const findings = await audit(incompatibleModules);
  return findings.filter(({ severity }) => severity === 'refuse');
}
