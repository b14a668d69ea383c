// The plan's last rule: is a rollout wanted, or a refork due, and of which worker? Pure.
import type { Settings } from '../../config/settings.js';
import type { Action } from './action.js';
import type { Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import { all, isQuiescent, serving } from '../fleet/queries.js';

export function fulfilRequest(fleet: Fleet, settings: Settings, now: number): Action[] {
  const { attempt, backoffUntil, pending } = fleet.rollouts;
  // Its own rollout follows, of newer code.
  if (fleet.hotRestart !== null) return [];
  // Not only when all is well: new code may be just what is needed.
  if (pending?.kind === 'phased restart')
    return attempt || !fleet.loaded ? [] : [{ type: 'bootNext' }];
  if (!isQuiescent(fleet)) return [];
  if (!pending) {
    const reason = now < backoffUntil ? null : dueToRequests(fleet, settings);
    return reason === null ? [] : [{ type: 'requestRefork', reason }];
  }
  if (now < pending.notBefore) return [];
  const warmest = candidates(fleet)
    .filter(({ slot }) => (slot ?? 0) < fleet.workers)
    .sort((a, b) => b.figures.requests - a.figures.requests)[0];
  return warmest
    ? [{ type: 'choose', child: warmest.id, reason: pending.reason }]
    : [{ type: 'dropRequest', reason: fleet.rollouts.lastError ?? noCandidate(fleet) }];
}

/** Workers that may become a mold and were not tried for the present pending. */
export function candidates(fleet: Fleet): Child[] {
  return serving(all(fleet)).filter(
    ({ id, requestTimedOut, aboveMemoryLimit, unsafeReason }) =>
      !requestTimedOut &&
      !aboveMemoryLimit &&
      unsafeReason === null &&
      !fleet.rollouts.pending?.tried.has(id),
  );
}

function noCandidate(fleet: Fleet): string {
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
