// The plan's rules for the candidate of an attempt: it is promoted once a stand-in serves its slot,
// and the attempt is abandoned when something fails.
import type { Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import { everySlotServed, holders, outdatedSlots, serving } from '../fleet/queries.js';
import type { Action } from './carry-out.js';

/** Failed starts of a stand-in after which the attempt fails. */
const standInTries = 3;

export function endFailedAttempt(fleet: Fleet): Action[] {
  const { attempt } = fleet.rollouts;
  if (!attempt) return [];
  if (attempt.failure !== null) return [{ type: 'abandon', reason: attempt.failure }];
  const candidate = fleet.get(attempt.candidate);
  if (!candidate && !attempt.unforkable)
    return [{ type: 'abandon', reason: 'the candidate is gone' }];
  const { failures, lastError } = fleet.starts;
  return candidate?.state === 'serving' && failures >= standInTries
    ? [{ type: 'abandon', reason: `no stand-in could be started: ${lastError}` }]
    : [];
}

export function promoteCandidate(fleet: Fleet): Action[] {
  const { attempt } = fleet.rollouts;
  if (!attempt || attempt.proven) return [];
  const candidate = fleet.get(attempt.candidate);
  return candidate?.state === 'serving' && hasStandIn(fleet, candidate)
    ? [{ type: 'promote', child: candidate.id, generation: attempt.generation }]
    : [];
}

/** A worker in a slot that is no longer wanted: its queue has another server. */
function hasStandIn(fleet: Fleet, { slot }: Child): boolean {
  if (slot === null || slot >= fleet.workers)
    return everySlotServed(fleet) && outdatedSlots(fleet).length === 0;
  return serving(holders(fleet, slot)).length > 0;
}
