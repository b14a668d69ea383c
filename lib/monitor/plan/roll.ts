// The plan's rules for rolling over: slot by slot, an outdated worker gets a successor beside it,
// and drains when the successor serves; molds that are no longer needed retire.
import type { Settings } from '../../config/settings.js';
import type { Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
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
} from '../fleet/queries.js';
import type { Action } from './carry-out.js';
import { fill } from './fill.js';

export function roll(fleet: Fleet, settings: Settings, now: number): Action[] {
  if (!canFill(fleet) || now < fleet.starts.notBefore) return [];
  // Forks of the old mold are all wanted at once.
  const urgent = fleet.rollouts.attempt?.request.kind === 'rollback';
  const most = urgent ? Infinity : settings.refork.maxUnavailable;
  const inProgress = slots(fleet).filter((slot) => holders(fleet, slot).length > 1).length;
  return outdatedSlots(fleet)
    .filter((slot) => holders(fleet, slot).length === 1)
    .slice(0, Math.max(0, most - inProgress))
    .map((slot) => fill(fleet, slot));
}

/** Also retires the molds that a proven successor has replaced, except one for a rollback. */
export function drainOutdated(fleet: Fleet): Action[] {
  const mold = currentMold(fleet);
  const molds = all(fleet).filter(
    (child) =>
      child.role === 'mold' &&
      child.state === 'frozen' &&
      child.proven &&
      child !== mold &&
      child.id !== fleet.rollouts.rollback.retained?.mold,
  );
  const workers = [...slots(fleet).flatMap((slot) => surplus(fleet, slot)), ...unwanted(fleet)];
  return [
    ...molds.flatMap((old) => retire(fleet, old)),
    ...workers.map(({ id }): Action => ({ type: 'drain', child: id })),
  ];
}

/** Workers with a better one beside them in their slot. */
function surplus(fleet: Fleet, slot: number): Child[] {
  const workers = serving(holders(fleet, slot));
  const { attempt } = fleet.rollouts;
  // While a canary is on trial, the old worker beside it stays: the canary may still fail.
  if (attempt && !attempt.proven && workers.some(({ id }) => id === attempt.canary)) return [];
  const kept = best(fleet, workers);
  return workers.filter((worker) => worker !== kept);
}

/** Workers of slots above the wanted number; only when a remaining one accepts from their queue. */
function unwanted(fleet: Fleet): Child[] {
  if (!everySlotServed(fleet) || outdatedSlots(fleet).length > 0) return [];
  return serving(all(fleet)).filter(
    (child) =>
      child.slot !== null && child.slot >= fleet.workers && !fleet.rollouts.isCandidate(child),
  );
}

/** Ends a rollout, or the boot, when every slot is served by an up-to-date worker. */
export function settle(fleet: Fleet): Action[] {
  if (!canFill(fleet) || !everySlotServed(fleet) || outdatedSlots(fleet).length > 0) return [];
  const { attempt } = fleet.rollouts;
  if (attempt?.proven) return [{ type: 'finish' }];
  return !fleet.booted && !attempt ? [{ type: 'booted' }] : [];
}

/**
 * The last process of a phase removes the files and locks that its boot made. That is the phase's
 * best mold, so it waits for the other processes to exit.
 */
export function retire(fleet: Fleet, mold: Child): Action[] {
  const others = all(fleet).filter(({ phase, id }) => phase === mold.phase && id !== mold.id);
  const hasHeir = others.some((other) => other.state === 'frozen' && isBetterMold(other, mold));
  if (others.length > 0 && !hasHeir) return [];
  return [{ type: 'retire', mold: mold.id, last: others.length === 0 }];
}

/** Of any two, exactly one is better, or both would wait for each other. */
function isBetterMold(one: Child, other: Child): boolean {
  if (one.proven !== other.proven) return one.proven;
  if (one.generation !== other.generation) return one.generation > other.generation;
  return one.id > other.id;
}
