// The workers that may become the next mold, and the choice among them.
import type { Child } from './child.js';
import type { Fleet } from './fleet.js';
import { all, serving } from './queries.js';

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
