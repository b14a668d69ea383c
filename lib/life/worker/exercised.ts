// Shows what a fork can do, for `pitchfork-ts check`. Loaded only where it is asked for.
import type { Settings } from '../../config/settings.js';
import { audit } from '../../fork-safety/audit/audit.js';
import { drawRandomness } from '../../fork-safety/trials/draw-randomness.js';
import { runTrials } from '../../fork-safety/trials/trials.js';
import type { Report } from '../../protocol/message.js';

/** `quiet` ends the server's own timers, as in a promotion: the audit is to see the app's only. */
export async function exercised(
  { incompatibleModules }: Settings,
  quiet: () => void,
): Promise<Report> {
  const trials = await runTrials();
  quiet();
  const findings = await audit(incompatibleModules);
  return { type: 'exercised', trials, draws: drawRandomness(), findings };
}
