// The plan's rules for an attempt at a rollout, up to the proof of its mold: a stand-in for the
// candidate, the promotion, the canary, its trial.
import type { Settings } from '../../config/settings.js';
import type { Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import {
  everySlotServed,
  holders,
  outdatedSlots,
  serving,
  slots,
  unprovenMold,
} from '../fleet/queries.js';
import type { Action } from './action.js';

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

export function advanceAttempt(fleet: Fleet, settings: Settings, now: number): Action[] {
  const { attempt } = fleet.rollouts;
  if (!attempt || attempt.proven) return [];
  const candidate = fleet.get(attempt.candidate);
  if (candidate?.state === 'serving')
    return hasStandIn(fleet, candidate)
      ? [{ type: 'promote', child: candidate.id, generation: attempt.generation }]
      : [];
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
  if (canarySince === null || now - canarySince < settings.refork.canaryMs) return [];
  return fleet.get(attempt.canary)?.state === 'serving' ? [{ type: 'prove' }] : [];
}

/** A worker in a slot that is no longer wanted: its queue has another server. */
function hasStandIn(fleet: Fleet, { slot }: Child): boolean {
  if (slot === null || slot >= fleet.workers)
    return everySlotServed(fleet) && outdatedSlots(fleet).length === 0;
  return serving(holders(fleet, slot)).length > 0;
}

/** A slot without a worker, if there is one; else that of the stand-in, which is the coldest. */
function canarySlot(fleet: Fleet): number {
  const age = (slot: number): number =>
    Math.max(...holders(fleet, slot).map((child) => child.id), -Infinity);
  const empty = slots(fleet).find((slot) => age(slot) === -Infinity);
  return empty ?? slots(fleet).sort((a, b) => age(b) - age(a))[0] ?? 0;
}
