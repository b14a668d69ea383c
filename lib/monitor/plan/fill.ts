// The plan's rules for missing processes: a mold, and workers in empty slots.
import type { Settings } from '../../config/settings.js';
import type { Fleet } from '../fleet/fleet.js';
import {
  all,
  candidates,
  canFill,
  currentMold,
  holders,
  serving,
  slots,
  unprovenMold,
} from '../fleet/queries.js';
import type { Action } from './carry-out.js';

/**
 * Without a mold no worker can be replaced, so a worker is promoted at once, or the code is booted
 * again.
 */
export function fillMold(fleet: Fleet, _settings: Settings, now: number): Action[] {
  if (canFill(fleet) || unprovenMold(fleet)) return [];
  const others = all(fleet).filter(({ role }) => role !== 'service');
  if (others.some(({ state }) => state === 'booting' || state === 'promoting')) return [];
  const { attempt } = fleet.rollouts;
  if (attempt) {
    const candidate = fleet.get(attempt.candidate);
    return attempt.failure === null && candidate?.state === 'serving'
      ? [{ type: 'promote', child: candidate.id, generation: attempt.generation }]
      : [];
  }
  // Not a worker of the old code, when the mold of the new code dies in the middle of a rollout.
  const [warmest] = candidates(fleet)
    .filter(({ phase }) => phase === fleet.phase)
    .sort((a, b) => b.generation - a.generation || b.figures.requests - a.figures.requests);
  // With a single worker a promotion would leave none to serve, so a boot is the smaller evil,
  // unless it would bring back the code that was rolled back.
  if (warmest && (serving(all(fleet)).length > 1 || fleet.code.isRolledBack))
    return [{ type: 'choose', child: warmest.id, reason: 'the mold died' }];
  return now >= fleet.starts.notBefore ? [{ type: 'boot' }] : backOff(fleet);
}

export function fillSlots(fleet: Fleet, _settings: Settings, now: number): Action[] {
  if (!canFill(fleet)) return [];
  const empty = slots(fleet).filter((slot) => holders(fleet, slot).length === 0);
  if (empty.length > 0 && now < fleet.starts.notBefore) return backOff(fleet);
  return empty.map((slot) => fill(fleet, slot));
}

/** Each pause of a crash loop is announced once. */
const backOff = ({ starts }: Fleet): Action[] => (starts.isNews ? [{ type: 'backOff' }] : []);

/**
 * A fork of the mold, or a boot of its own where the app cannot be forked. Requires `canFill`. Slot
 * null: the service worker.
 */
export function fill(fleet: Fleet, slot: number | null): Action {
  const mold = currentMold(fleet);
  return mold
    ? { type: 'spawn', mold: mold.id, slot, canary: false }
    : { type: 'bootWorker', slot, canary: false };
}
