// Questions about the fleet, for the plan, the status and the metrics.
import type { Child } from './child.js';
import type { Fleet } from './fleet.js';
import type { Death } from './start-backoff.js';
import { condemnation, type Retained } from './rollback.js';
import { queuesOf } from './queues.js';

/** The time for which deaths count as recent. */
const recentMs = 60_000;

export const all = (fleet: Fleet): Child[] => [...fleet.children.values()];

/** The mold that slots are forked from: the newest proven one of its code. */
export function currentMold(fleet: Fleet): Child | undefined {
  return all(fleet)
    .filter((child) => child.role === 'mold' && child.state === 'frozen' && child.proven)
    .filter((child) => child.phase === fleet.phase)
    .sort((a, b) => b.generation - a.generation)[0];
}

/** The mold of the old code, while a rollback is possible. */
export function retainedMold(fleet: Fleet): Child | undefined {
  const child = fleet.get(fleet.rollouts.rollback.retained?.mold);
  return child?.state === 'frozen' && child.hungUpAt === null ? child : undefined;
}

/** The mold to keep when new code takes over, if the code that serves has one. */
export function toRetain(fleet: Fleet, now: number): Omit<Retained, 'until'> | null {
  const mold = currentMold(fleet);
  if (!mold) return null;
  const deaths = deathsOf(fleet, fleet.phase, now - recentMs);
  const verdict = condemnation(deaths, { workers: fleet.workers, serving: fleet.workers });
  const { reforks } = fleet.code.data;
  return { mold: mold.id, reforks, since: now, sound: verdict === null };
}

const deathsOf = (fleet: Fleet, phase: number, since: number): Death[] =>
  fleet.starts.deaths.since(since).filter((death) => death.phase === phase);

/** The verdict on new code whose workers die right after its proof; null while it may go on. */
export function newCodeDies(fleet: Fleet): string | null {
  const { retained } = fleet.rollouts.rollback;
  if (!retained) return null;
  const count = { workers: fleet.workers, serving: serving(all(fleet)).length };
  return condemnation(deathsOf(fleet, fleet.phase, retained.since), count);
}

export function unprovenMold(fleet: Fleet): Child | undefined {
  const child = fleet.get(fleet.rollouts.attempt?.candidate);
  return child?.state === 'frozen' && !child.proven ? child : undefined;
}

/** Workers of a slot that serve or are about to, without the chosen candidate. */
export function holders(fleet: Fleet, slot: number): Child[] {
  return all(fleet).filter(
    (child) =>
      child.role === 'worker' &&
      child.slot === slot &&
      ['booting', 'spawning', 'starting', 'serving'].includes(child.state) &&
      child.id !== fleet.rollouts.attempt?.candidate,
  );
}

/** Workers only: the service worker serves no clients. */
export const serving = (children: Child[]): Child[] =>
  children.filter(
    ({ role, state, hungUpAt }) => role === 'worker' && state === 'serving' && hungUpAt === null,
  );

/** Of several workers in a slot, the one to keep: up to date, newest generation, then oldest. */
export function best(fleet: Fleet, children: Child[]): Child | undefined {
  return [...children].sort(
    (a, b) =>
      Number(isOutdated(fleet, a)) - Number(isOutdated(fleet, b)) ||
      b.phase - a.phase ||
      b.generation - a.generation ||
      a.id - b.id,
  )[0];
}

/** The worker that serves a slot, for the status. */
export function servingIn(fleet: Fleet, slot: number): Child | undefined {
  const candidate = fleet.get(fleet.rollouts.attempt?.candidate);
  const others = serving(holders(fleet, slot));
  return best(fleet, others) ?? (candidate?.slot === slot ? candidate : holders(fleet, slot)[0]);
}

/**
 * Outdated workers, which are to be replaced: a request timed out, the memory is above the limit,
 * the mold is older, the code is of another phase (and not on trial), or the share of the listening
 * queues is not that of the slot now. Queues beyond the share are given up only when each has a
 * server of its own.
 */
export function isOutdated(fleet: Fleet, worker: Child): boolean {
  if (worker.requestTimedOut || worker.aboveMemoryLimit) return true;
  const mold = currentMold(fleet);
  if (worker.phase !== fleet.phase) return !isOnTrial(fleet, worker);
  if (mold && worker.generation < mold.generation) return true;
  if (worker.slot === null || worker.slot >= fleet.workers) return false;
  const has = queuesOf(worker.slot, worker.workersAtSpawn, worker.queues);
  const wanted = queuesOf(worker.slot, fleet.workers, fleet.queues);
  if (wanted.some((queue) => !has.includes(queue))) return true;
  return has.length > wanted.length && everySlotServed(fleet);
}

/** A canary that may still bring its code. */
function isOnTrial(fleet: Fleet, { phase }: Child): boolean {
  const { attempt } = fleet.rollouts;
  return attempt !== null && !attempt.proven && attempt.phase === phase;
}

export const slots = (fleet: Fleet): number[] =>
  Array.from({ length: fleet.workers }, (_, slot) => slot);

/** Slots without a worker, not even one that starts or becomes a mold. */
export const downSlots = (fleet: Fleet): number[] =>
  slots(fleet).filter((slot) => servingIn(fleet, slot) === undefined);

/** The recent deaths in a slot: their number, the age of the first, the reason of the last. */
export interface SlotDeaths {
  readonly deaths: number;
  readonly deathsWithinMs: number | null;
  readonly reason: string | null;
}

export function deathsIn(fleet: Fleet, slot: number, now: number): SlotDeaths {
  const deaths = fleet.starts.deaths.since(now - recentMs).filter((death) => death.slot === slot);
  const [first] = deaths;
  return {
    deaths: deaths.length,
    deathsWithinMs: first ? now - first.at : null,
    reason: deaths.at(-1)?.reason ?? null,
  };
}

export const outdatedSlots = (fleet: Fleet): number[] =>
  slots(fleet).filter((slot) => {
    const kept = best(fleet, serving(holders(fleet, slot)));
    return kept !== undefined && isOutdated(fleet, kept);
  });

export const everySlotServed = (fleet: Fleet): boolean =>
  slots(fleet).every((slot) => serving(holders(fleet, slot)).length > 0);

/** Workers can be started: forked from a mold, or booted afresh where the app cannot be forked. */
export const canFill = (fleet: Fleet): boolean =>
  currentMold(fleet) !== undefined || fleet.unforkable !== null;

/**
 * The step of the rollout in one word. Without one: 'idle', 'replacing' outdated workers, or
 * 'recovering' from deaths.
 */
export function rolloutState(fleet: Fleet): string {
  const { attempt, pending } = fleet.rollouts;
  if (!attempt) {
    if (fleet.hotRestart) return 'restarting';
    if (pending) return 'waiting';
    if (isQuiescent(fleet) || fleet.stopping) return 'idle';
    if (!fleet.booted) return 'booting';
    return everySlotServed(fleet) ? 'replacing' : 'recovering';
  }
  const candidate = fleet.get(attempt.candidate);
  if (!candidate) return attempt.unforkable ? 'rolling' : 'failing';
  if (candidate.state === 'serving') return 'standing in';
  if (candidate.state === 'promoting' || candidate.state === 'booting') return candidate.state;
  return candidate.proven ? 'rolling' : 'canary';
}

/** The reason for readiness to fail; null if there is none. */
export function unreadiness(fleet: Fleet): string | null {
  if (fleet.stopping) return 'stopping';
  if (!fleet.booted) return 'booting';
  return serving(all(fleet)).length === 0 ? 'no worker is serving' : null;
}

/** No rollout of any kind is under way. */
export function isQuiescent(fleet: Fleet): boolean {
  return (
    !fleet.rollouts.attempt &&
    everySlotServed(fleet) &&
    outdatedSlots(fleet).length === 0 &&
    canFill(fleet)
  );
}

// The workers that may become the next mold, and the choice among them.

/** Able to be promoted, and not yet tried for the pending request. */
export function candidates(fleet: Fleet): Child[] {
  return serving(all(fleet)).filter(
    ({ id, requestTimedOut, aboveMemoryLimit, unsafeReason }) =>
      !requestTimedOut &&
      !aboveMemoryLimit &&
      unsafeReason === null &&
      !fleet.rollouts.pending?.tried.has(id),
  );
}

/** The worker with the most requests: its code is compiled and its caches are full. */
export function warmestCandidate(fleet: Fleet): Child | undefined {
  return candidates(fleet)
    .filter(({ slot }) => (slot ?? 0) < fleet.workers)
    .sort((a, b) => b.figures.requests - a.figures.requests)[0];
}

/** The reason for a lack of candidates, in words for an operator. */
export function noCandidate(fleet: Fleet): string {
  const unsafe = serving(all(fleet)).find(({ unsafeReason }) => unsafeReason !== null);
  return unsafe
    ? `no worker can be promoted: worker ${unsafe.slot} is not fork-safe: ${unsafe.unsafeReason}`
    : 'no worker can be promoted';
}
