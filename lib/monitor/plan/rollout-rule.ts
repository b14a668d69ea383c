// The plan's last rule: begins a rollout that is requested, or a refork that is due.
import type { Settings } from '../../config/settings.js';
import type { Fleet } from '../fleet/fleet.js';
import { all, isQuiescent } from '../fleet/queries.js';
import type { Action } from './carry-out.js';
import { noCandidate, warmestCandidate } from '../fleet/candidates.js';

export function startRollout(fleet: Fleet, settings: Settings, now: number): Action[] {
  const { attempt, backoffUntil, lastError, pending } = fleet.rollouts;
  // A rollout of newer code follows.
  if (fleet.hotRestart !== null) return [];
  // Not only in a healthy fleet: new code may be the remedy.
  if (pending?.kind === 'phased restart')
    return attempt || !fleet.code.data.loaded ? [] : [{ type: 'bootNext' }];
  if (!isQuiescent(fleet)) return [];
  if (!pending) {
    const reason = now < backoffUntil ? null : thresholdMet(fleet, settings);
    return reason === null ? [] : [{ type: 'requestRefork', reason }];
  }
  if (now < pending.notBefore) return [];
  const warmest = warmestCandidate(fleet);
  return warmest
    ? [{ type: 'choose', child: warmest.id, reason: pending.reason }]
    : [{ type: 'dropRequest', reason: lastError ?? noCandidate(fleet) }];
}

/**
 * `reforkAfter` counts per worker and generation: its n-th entry applies to workers of the n-th
 * generation. Code that cannot be forked is not tried repeatedly.
 */
function thresholdMet(fleet: Fleet, { reforkAfter }: Settings): string | null {
  if (fleet.unforkable) return null;
  const threshold = reforkAfter[Math.min(fleet.code.data.reforks, reforkAfter.length - 1)];
  if (threshold === undefined || threshold === false) return null;
  const isMet = all(fleet).some(
    (child) => child.state === 'serving' && child.figures.requests >= threshold,
  );
  return isMet ? `a worker completed ${threshold} requests` : null;
}
