// What keeps a worker from being forked, seen before it parts from its clients.
import type { Settings } from '../../config/settings.js';
import { audit } from '../../fork-safety/audit/audit.js';
import type { Finding } from '../../protocol/finding.js';

/**
 * Empty if it can be forked. What an app has a hook for it may still set right there: then the
 * mold's own audit decides.
 */
export async function refusals({ hooks, incompatibleModules }: Settings): Promise<Finding[]> {
  if (hooks.afterMoldFork.length > 0) return [];
  const findings = await audit(incompatibleModules);
  return findings.filter(({ severity }) => severity === 'refuse');
}
