// The plan's rule for the canary, the first worker of a new mold: it proves the mold by staying
// healthy for `refork.canary`, and new code for `phasedRestart.canary`, or fails the attempt.
import type { Settings } from '../../config/settings.js';
import type { Fleet } from '../fleet/fleet.js';
import { holders, slots, unprovenMold } from '../fleet/queries.js';
import type { Action } from './carry-out.js';

export function tryCanary(fleet: Fleet, settings: Settings, now: number): Action[] {
  const { attempt } = fleet.rollouts;
  if (!attempt || attempt.proven || fleet.get(attempt.candidate)?.state === 'serving') return [];
  const mold = unprovenMold(fleet);
  if (!mold && !attempt.unforkable) return [];
  if (attempt.canary === null) {
    if (now < fleet.starts.notBefore) return [];
    const slot = canarySlot(fleet);
    return mold
      ? [{ type: 'spawn', mold: mold.id, slot, canary: true }]
      : [{ type: 'bootWorker', slot, canary: true }];
  }
  const { canarySince } = attempt;
  const { canaryMs } = attempt.request.kind === 'refork' ? settings.refork : settings.phasedRestart;
  if (canarySince === null || now - canarySince < canaryMs) return [];
  return fleet.get(attempt.canary)?.state === 'serving' ? [{ type: 'prove' }] : [];
}

/** A slot without a worker, if there is one; else that of the stand-in, which is the coldest. */
function canarySlot(fleet: Fleet): number {
  const age = (slot: number): number =>
    Math.max(...holders(fleet, slot).map((child) => child.id), -Infinity);
  const empty = slots(fleet).find((slot) => age(slot) === -Infinity);
  return empty ?? slots(fleet).sort((a, b) => age(b) - age(a))[0] ?? 0;
}
