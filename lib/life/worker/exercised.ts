// Tries out the capabilities of a fork, for `pitchfork-ts check`. Loaded only on demand.
import type { Settings } from '../../config/settings.js';
import { audit } from '../../fork-safety/audit/audit.js';
import { drawRandomness } from '../../fork-safety/trials/draw-randomness.js';
import { runTrials } from '../../fork-safety/trials/trials.js';
import type { Report } from '../../protocol/message.js';

/** `stopTimers` stops the server's own timers, as in a promotion: the audit is for the app's. */
export async function exercised(
  { incompatibleModules }: Settings,
  stopTimers: () => void,
): Promise<Report> {
  const trials = await runTrials();
  stopTimers();
  const findings = await audit(incompatibleModules);
  return { type: 'exercised', trials, draws: drawRandomness(), findings };
}
