// How a worker comes into being: as a fork of the mold, or, where the app cannot be forked, by a
// boot of its own. Pure.
import type { Action } from './action.js';
import type { Fleet } from '../fleet/fleet.js';
import { currentMold } from '../fleet/queries.js';

/** To be asked only when `canFill`. Without a slot it is the service worker. */
export function fill(fleet: Fleet, slot: number | null): Action {
  const mold = currentMold(fleet);
  return mold
    ? { type: 'spawn', mold: mold.id, slot, canary: false }
    : { type: 'bootWorker', slot, canary: false };
}
