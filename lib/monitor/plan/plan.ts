// Decides. From what is known of the children and the clock, `plan` says what to do next; the
// monitor does it, records it, and asks again until there is nothing left to do. Pure, so that a
// spec can run it through any story.
import type { Action } from './action.js';
import type { Settings } from '../../config/settings.js';
import type { Child } from '../fleet/child.js';
import { fill } from './fill.js';
import type { Fleet } from '../fleet/fleet.js';
import { killOverdue } from './overdue.js';
import { replaceProgram } from './restart-rule.js';
import { retire } from './retirement.js';
import { keepService } from './service-rule.js';
import { candidates, fulfilRequest } from './rollout-rule.js';
import {
  all,
  best,
  canFill,
  currentMold,
  everySlotServed,
  holders,
  outdatedSlots,
  serving,
  slots,
  unprovenMold,
} from '../fleet/queries.js';

type Rule = (fleet: Fleet, settings: Settings, now: number) => Action[];

/** Empty when everything is as it should be, or when there is nothing to do but wait. */
export function plan(fleet: Fleet, settings: Settings, now: number): Action[] {
  const stopping = [announceStop, killOverdue, fleet.isLeaving(now) ? leave : fillSlots];
  const rules: Rule[] = fleet.stopping
    ? stopping
    : [
        giveUpStarting,
        killOverdue,
        fillMold,
        endFailedAttempt,
        fillSlots,
        advanceAttempt,
        roll,
        partFromOld,
        keepService,
        settle,
        replaceProgram,
        fulfilRequest,
      ];
  for (const rule of rules) {
    const actions = rule(fleet, settings, now);
    if (actions.length > 0) return actions;
  }
  return [];
}

// Rules, in the order in which they are asked

/**
 * Code that could not be loaded will not load the next time either. Later, as long as somebody
 * serves, there is something to lose by giving up.
 */
function giveUpStarting(fleet: Fleet, settings: Settings): Action[] {
  if (!fleet.loaded && fleet.spawnErrors > 0)
    return [{ type: 'giveUp', reason: `could not boot: ${fleet.lastSpawnError}` }];
  const limit = settings.maxConsecutiveSpawnErrors;
  if (limit === false || fleet.spawnErrors < limit || serving(all(fleet)).length > 0) return [];
  const { spawnErrors, lastSpawnError } = fleet;
  const reason = `${spawnErrors} starts in a row failed, the last one: ${lastSpawnError}`;
  return [{ type: 'giveUp', reason }];
}

/** To all at once, before the first is told to leave. */
function announceStop(fleet: Fleet): Action[] {
  if (fleet.stopping !== 'graceful') return [];
  return all(fleet)
    .filter(({ state }) => state === 'serving' || state === 'promoting')
    .filter(({ stopAnnounced }) => !stopAnnounced)
    .map(({ id }) => ({ type: 'announceStop', child: id }));
}

function leave(fleet: Fleet): Action[] {
  const children = all(fleet);
  if (children.length === 0) return [{ type: 'exit', code: 0, reason: 'stopped' }];
  const actions: Action[] = [];
  for (const child of children) {
    if (child.state === 'killed') continue;
    if (fleet.stopping === 'immediate')
      actions.push({ type: 'kill', child: child.id, reason: 'immediate stop' });
    else if (child.state === 'serving' || child.state === 'promoting')
      actions.push({ type: 'drain', child: child.id });
    else if (child.state === 'frozen') actions.push(...retire(fleet, child));
    else if (child.state !== 'leaving')
      actions.push({ type: 'kill', child: child.id, reason: 'stopped before it was ready' });
  }
  return actions;
}

/**
 * Without a mold nobody can be replaced: a worker is promoted at once, or the code is booted again.
 */
function fillMold(fleet: Fleet, _settings: Settings, now: number): Action[] {
  const children = all(fleet);
  if (canFill(fleet) || unprovenMold(fleet)) return [];
  const others = children.filter(({ role }) => role !== 'service');
  if (others.some(({ state }) => state === 'booting' || state === 'promoting')) return [];
  if (fleet.rollouts.attempt) {
    const candidate = fleet.get(fleet.rollouts.attempt.candidate);
    if (fleet.rollouts.attempt.failure === null && candidate?.state === 'serving')
      return [
        { type: 'promote', child: candidate.id, generation: fleet.rollouts.attempt.generation },
      ];
    return [];
  }
  // Not one of the old code, when the mold of the new dies in the middle of a rollout.
  const able = candidates(fleet).filter(({ phase }) => phase === fleet.phase);
  const warmest = able.sort(
    (a, b) => b.generation - a.generation || b.figures.requests - a.figures.requests,
  )[0];
  // With a single worker a promotion would leave nobody to serve; then the boot is the smaller
  // evil.
  if (warmest && serving(all(fleet)).length > 1)
    return [{ type: 'choose', child: warmest.id, reason: 'the mold died' }];
  return now >= fleet.notBefore ? [{ type: 'boot' }] : [];
}

/** Starts of a stand-in that may fail before the attempt does. */
const standInTries = 3;

function endFailedAttempt(fleet: Fleet): Action[] {
  const attempt = fleet.rollouts.attempt;
  if (!attempt) return [];
  if (attempt.failure !== null) return [{ type: 'abandon', reason: attempt.failure }];
  const candidate = fleet.get(attempt.candidate);
  if (!candidate && !attempt.unforkable)
    return [{ type: 'abandon', reason: 'the candidate is gone' }];
  if (candidate?.state === 'serving' && fleet.spawnErrors >= standInTries)
    return [{ type: 'abandon', reason: `no stand-in could be started: ${fleet.lastSpawnError}` }];
  return [];
}

function fillSlots(fleet: Fleet, _settings: Settings, now: number): Action[] {
  if (!canFill(fleet) || now < fleet.notBefore) return [];
  return slots(fleet)
    .filter((slot) => holders(fleet, slot).length === 0)
    .map((slot) => fill(fleet, slot));
}

/** Stand-in first, then the promotion, then a canary, then the proof. */
function advanceAttempt(fleet: Fleet, settings: Settings, now: number): Action[] {
  const attempt = fleet.rollouts.attempt;
  if (!attempt || attempt.proven) return [];
  const candidate = fleet.get(attempt.candidate);
  if (candidate?.state === 'serving')
    return canBeSpared(fleet, candidate)
      ? [{ type: 'promote', child: candidate.id, generation: attempt.generation }]
      : [];
  const mold = unprovenMold(fleet);
  if (!mold && !attempt.unforkable) return [];
  if (attempt.canary === null) {
    if (now < fleet.notBefore) return [];
    const slot = canarySlot(fleet);
    return mold
      ? [{ type: 'spawn', mold: mold.id, slot, canary: true }]
      : [{ type: 'bootWorker', slot, canary: true }];
  }
  const { canarySince } = attempt;
  if (canarySince === null || now - canarySince < settings.refork.canaryMs) return [];
  return fleet.get(attempt.canary)?.state === 'serving' ? [{ type: 'prove' }] : [];
}

/** Somebody stands in for it; in a slot that is no longer wanted, its queue has another server. */
function canBeSpared(fleet: Fleet, { slot }: Child): boolean {
  if (slot === null || slot >= fleet.workers)
    return everySlotServed(fleet) && outdatedSlots(fleet).length === 0;
  return serving(holders(fleet, slot)).length > 0;
}

/** A slot that nobody serves, where there is one; else the stand-in's: it is the coldest. */
function canarySlot(fleet: Fleet): number {
  const age = (slot: number): number =>
    Math.max(...holders(fleet, slot).map((child) => child.id), -Infinity);
  const empty = slots(fleet).find((slot) => age(slot) === -Infinity);
  return empty ?? slots(fleet).sort((a, b) => age(b) - age(a))[0] ?? 0;
}

/** Slot by slot: an outdated worker gets a successor beside it. */
function roll(fleet: Fleet, settings: Settings, now: number): Action[] {
  if (!canFill(fleet) || now < fleet.notBefore) return [];
  const inProgress = slots(fleet).filter((slot) => holders(fleet, slot).length > 1).length;
  return outdatedSlots(fleet)
    .filter((slot) => holders(fleet, slot).length === 1)
    .slice(0, Math.max(0, settings.refork.maxUnavailable - inProgress))
    .map((slot) => fill(fleet, slot));
}

/**
 * Whoever has a better successor in its slot, an old mold past its proof, and slots that are no
 * longer wanted.
 */
function partFromOld(fleet: Fleet): Action[] {
  const actions: Action[] = [];
  const mold = currentMold(fleet);
  for (const child of all(fleet))
    if (child.role === 'mold' && child.state === 'frozen' && child.proven && child !== mold)
      actions.push(...retire(fleet, child));
  for (const slot of slots(fleet)) {
    const candidates = serving(holders(fleet, slot));
    // While a canary is on trial, the old worker beside it stays: the canary may yet fail.
    const { attempt } = fleet.rollouts;
    if (attempt && !attempt.proven && candidates.some(({ id }) => id === attempt.canary)) continue;
    const keep = best(fleet, candidates);
    for (const child of candidates)
      if (child !== keep) actions.push({ type: 'drain', child: child.id });
  }
  // A slot that is no longer wanted leaves only when a remaining worker accepts from its queue.
  if (everySlotServed(fleet) && outdatedSlots(fleet).length === 0)
    for (const child of serving(all(fleet)))
      if (
        child.slot !== null &&
        child.slot >= fleet.workers &&
        child.id !== fleet.rollouts.attempt?.candidate
      )
        actions.push({ type: 'drain', child: child.id });
  return actions;
}

function settle(fleet: Fleet): Action[] {
  if (!canFill(fleet) || !everySlotServed(fleet) || outdatedSlots(fleet).length > 0) return [];
  if (fleet.rollouts.attempt?.proven) return [{ type: 'finish' }];
  return !fleet.booted && !fleet.rollouts.attempt ? [{ type: 'booted' }] : [];
}
