// Tries out the capabilities of a fork, for `pitchfork-ts check`. Loaded only on demand.
import { drawRandomness } from '../../fork-safety/trials/draw-randomness.js';
import { runTrials } from '../../fork-safety/trials/trials.js';
import type { Report } from '../../protocol/message.js';

export async function exercised(): Promise<Report> {
  const trials = await runTrials();
  return { type: 'exercised', trials, draws: drawRandomness() };
}
