// The plan's rule for the exit of a mold that is no longer needed.
import type { Action } from './carry-out.js';
import type { Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import { all } from '../fleet/queries.js';

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
