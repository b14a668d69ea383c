// The plan's rule for a hot restart: the monitor's program is replaced when nothing is under way
// that the next program would have to finish.
import { isStarting, type Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import { all } from '../fleet/queries.js';
import type { Action } from './carry-out.js';

export function replaceProgram(fleet: Fleet): Action[] {
  return fleet.hotRestart === 'prepared' && canReplaceProgram(fleet)
    ? [{ type: 'replaceProgram' }]
    : [];
}

/** Leaving and dead children can be handed over as well. */
export function canReplaceProgram(fleet: Fleet): boolean {
  const isBusy = (child: Child) =>
    isStarting(child) || child.state === 'promoting' || child.pid === null;
  return fleet.stopping === null && fleet.rollouts.attempt === null && !all(fleet).some(isBusy);
}
