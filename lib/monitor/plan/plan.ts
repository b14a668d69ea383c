// Decides. From the knowledge of the children and the clock, `plan` says what to do next;
// carry-out.ts makes it true, and the plan is asked again until there is nothing left to do. Pure,
// so that a spec can run it through any story.
import type { Settings } from '../../config/settings.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Action } from './action.js';
import { advanceAttempt, endFailedAttempt } from './attempt.js';
import { fillMold, fillSlots } from './fill.js';
import { replaceProgram } from './hot-restart-rule.js';
import { killOverdue } from './overdue.js';
import { drainOutdated, roll, settle } from './roll.js';
import { startRollout } from './rollout-rule.js';
import { keepService } from './service-rule.js';
import { announceStop, exitAll, giveUp } from './stop.js';

type Rule = (fleet: Fleet, settings: Settings, now: number) => Action[];

/** In the order in which they are asked; the first that has something to do decides. */
const whileServing: readonly Rule[] = [
  giveUp,
  killOverdue,
  fillMold,
  endFailedAttempt,
  fillSlots,
  advanceAttempt,
  roll,
  drainOutdated,
  keepService,
  settle,
  replaceProgram,
  startRollout,
];
const whileStopping: readonly Rule[] = [announceStop, killOverdue, fillSlots];
const whileExiting: readonly Rule[] = [announceStop, killOverdue, exitAll];

/** Empty when everything is as it should be, or when there is nothing to do but wait. */
export function plan(fleet: Fleet, settings: Settings, now: number): Action[] {
  for (const rule of rulesFor(fleet, now)) {
    const actions = rule(fleet, settings, now);
    if (actions.length > 0) return actions;
  }
  return [];
}

function rulesFor(fleet: Fleet, now: number): readonly Rule[] {
  if (!fleet.stopping) return whileServing;
  return fleet.isExiting(now) ? whileExiting : whileStopping;
}
