// The plan's rule for a hot restart: the monitor's program is replaced when nothing is under way
// that the next program would have to finish. Pure.
import type { Action } from './action.js';
import type { Child } from './child.js';
import { isStarting } from './child.js';
import type { Fleet } from './fleet.js';
import { all } from './view.js';

export function replaceProgram(fleet: Fleet): Action[] {
  return fleet.hotRestart === 'prepared' && isCalm(fleet) ? [{ type: 'replaceProgram' }] : [];
}

/** Those who leave, or are dead, can be handed over as well. */
export function isCalm(fleet: Fleet): boolean {
  const isBusy = (child: Child) =>
    isStarting(child) || child.state === 'promoting' || child.pid === null;
  return fleet.stopping === null && fleet.rollouts.attempt === null && !all(fleet).some(isBusy);
}
