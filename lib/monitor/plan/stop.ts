// The plan's rules for the end of the server: an operator's order, or failing starts.
import type { Settings } from '../../config/settings.js';
import type { Fleet } from '../fleet/fleet.js';
import { all, serving } from '../fleet/queries.js';
import type { Action } from './carry-out.js';
import { retire } from './roll.js';

/**
 * Code that could not be loaded will not load the next time either. Later, while a worker still
 * serves, giving up would cost more than it gains.
 */
export function giveUp(fleet: Fleet, settings: Settings): Action[] {
  const { failures, lastError } = fleet.starts;
  if (!fleet.code.data.loaded && failures > 0)
    return [{ type: 'giveUp', reason: `could not boot: ${lastError}` }];
  const limit = settings.maxConsecutiveSpawnErrors;
  if (limit === false || failures < limit || serving(all(fleet)).length > 0) return [];
  return [
    { type: 'giveUp', reason: `${failures} starts in a row failed, the last one: ${lastError}` },
  ];
}

/** Announced to all at once, before the first is ordered to exit. */
export function announceStop(fleet: Fleet): Action[] {
  if (fleet.stopping !== 'graceful') return [];
  return all(fleet)
    .filter(({ state }) => state === 'serving' || state === 'promoting')
    .filter(({ stopAnnounced }) => !stopAnnounced)
    .map(({ id }) => ({ type: 'announceStop', child: id }));
}

const stoppedEarly = { reason: 'stopped before it was ready', cause: 'asked' } as const;

export function exitAll(fleet: Fleet): Action[] {
  const children = all(fleet);
  if (children.length === 0) return [{ type: 'exit', code: 0, reason: 'stopped' }];
  const actions: Action[] = [];
  for (const child of children) {
    if (child.state === 'killed') continue;
    if (fleet.stopping === 'immediate')
      actions.push({ type: 'kill', child: child.id, reason: 'immediate stop', cause: 'asked' });
    else if (child.state === 'serving' || child.state === 'promoting')
      actions.push({ type: 'drain', child: child.id });
    else if (child.state === 'frozen') actions.push(...retire(fleet, child));
    else if (child.state !== 'leaving')
      actions.push({ type: 'kill', child: child.id, ...stoppedEarly });
  }
  return actions;
}
