// The plan's first rule and its last: a rollback comes before everything else, and other rollouts,
// requested or due, begin when all else is done.
import type { Settings } from '../../config/settings.js';
import type { Fleet } from '../fleet/fleet.js';
import {
  all,
  isQuiescent,
  newCodeDies,
  noCandidate,
  retainedMold,
  warmestCandidate,
} from '../fleet/queries.js';
import type { Attempt } from '../fleet/rollouts.js';
import type { Action } from './carry-out.js';

/** Requested, or automatic because the new code dies. Also gives up an old mold in the end. */
export function rollBack(fleet: Fleet, _settings: Settings, now: number): Action[] {
  const { attempt, pending, rollback } = fleet.rollouts;
  const mold = retainedMold(fleet);
  if (pending?.kind === 'rollback') {
    const { reason } = pending;
    if (isTrial(fleet, attempt)) return [{ type: 'cancelTrial', reason: `rolled back: ${reason}` }];
    return mold
      ? [{ type: 'rollBack', mold: mold.id, reason, automatic: false }]
      : [{ type: 'dropRequest', reason: `no rollback: ${rollback.unavailable}` }];
  }
  if (!rollback.retained) return [];
  if (!mold) return [{ type: 'release', reason: 'the mold of the old code has died' }];
  if (rollback.isOver(now)) return [{ type: 'release', reason: 'its window is over' }];
  const reason = rollback.isAutomatic ? newCodeDies(fleet) : null;
  return reason === null ? [] : [{ type: 'rollBack', mold: mold.id, reason, automatic: true }];
}

/** There is an old mold to return to, or new code whose trial can be ended. */
export const canRollBack = (fleet: Fleet): boolean =>
  retainedMold(fleet) !== undefined || isTrial(fleet, fleet.rollouts.attempt);

const isTrial = (fleet: Fleet, attempt: Attempt | null): boolean =>
  attempt !== null && !attempt.proven && attempt.phase !== fleet.phase;

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
