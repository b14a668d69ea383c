// Decides. From the state of the fleet and the clock, `plan` derives the next actions; carry-out.ts
// carries them out, and the plan is asked again until there is nothing left to do. It is pure, so
// that a spec can run it through any story.
import type { Settings } from '../../config/settings.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Action } from './carry-out.js';
import { tryCanary } from './canary.js';
import { fillMold, fillSlots } from './fill.js';
import { replaceProgram } from './hot-restart-rule.js';
import { killOverdue } from './overdue.js';
import { endFailedAttempt, promoteCandidate } from './promotion.js';
import { drainOutdated, roll, settle } from './roll.js';
import { rollBack, startRollout } from './rollout-rule.js';
import { keepService } from './service-rule.js';
import { announceStop, exitAll, giveUp } from './stop.js';

type Rule = (fleet: Fleet, settings: Settings, now: number) => Action[];

/** Rules in order of precedence; the first one with actions decides. */
const whileServing: readonly Rule[] = [
  rollBack,
  giveUp,
  killOverdue,
  fillMold,
  endFailedAttempt,
  fillSlots,
  promoteCandidate,
  tryCanary,
  roll,
  drainOutdated,
  keepService,
  settle,
  replaceProgram,
  startRollout,
];
const whileStopping: readonly Rule[] = [announceStop, killOverdue, fillSlots];
const whileExiting: readonly Rule[] = [announceStop, killOverdue, exitAll];

/** Empty when everything is as it should be, or when there is only waiting left to do. */
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
