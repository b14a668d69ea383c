// The plan's last rule: is a rollout wanted, or a refork due, and of which worker? Pure.
import type { Settings } from '../config/settings.js';
import type { Action } from './action.js';
import type { Child } from './child.js';
import type { Fleet } from './fleet.js';
import { all, isQuiescent, serving } from './view.js';

export function fulfil(fleet: Fleet, settings: Settings, now: number): Action[] {
  const { attempt, calmUntil, wish } = fleet.rollouts;
  // Its own rollout follows, of newer code.
  if (fleet.hotRestart !== null) return [];
  // Not only when all is well: new code may be just what is needed.
  if (wish?.kind === 'phased restart')
    return attempt || !fleet.loaded ? [] : [{ type: 'bootNext' }];
  if (!isQuiescent(fleet)) return [];
  if (!wish) {
    const reason = now < calmUntil ? null : dueToRequests(fleet, settings);
    return reason === null ? [] : [{ type: 'wish', reason }];
  }
  if (now < wish.notBefore) return [];
  const warmest = candidates(fleet)
    .filter(({ slot }) => (slot ?? 0) < fleet.workers)
    .sort((a, b) => b.figures.requests - a.figures.requests)[0];
  return warmest
    ? [{ type: 'choose', child: warmest.id, reason: wish.reason }]
    : [{ type: 'dropWish', reason: fleet.rollouts.lastError ?? nobody(fleet) }];
}

/** Workers that may become a mold and were not tried for the present wish. */
export function candidates(fleet: Fleet): Child[] {
  return serving(all(fleet)).filter(
    ({ id, overran, tooLarge, unsafeReason }) =>
      !overran && !tooLarge && unsafeReason === null && !fleet.rollouts.wish?.tried.has(id),
  );
}

function nobody(fleet: Fleet): string {
  const unsafe = serving(all(fleet)).find(({ unsafeReason }) => unsafeReason !== null);
  return unsafe
    ? `no worker can be promoted: worker ${unsafe.slot} is not fork-safe: ${unsafe.unsafeReason}`
    : 'no worker can be promoted';
}

/**
 * `reforkAfter` counts per worker and generation: its n-th entry is for workers of the n-th
 * generation. Code that cannot be forked is not tried again and again.
 */
function dueToRequests(fleet: Fleet, settings: Settings): string | null {
  if (fleet.unforkable) return null;
  const thresholds = settings.reforkAfter;
  const threshold = thresholds[Math.min(fleet.reforks, thresholds.length - 1)];
  if (threshold === undefined || threshold === false) return null;
  const due = all(fleet).some(
    (child) => child.state === 'serving' && child.figures.requests >= threshold,
  );
  return due ? `a worker completed ${threshold} requests` : null;
}
