// When a mold that is not needed any more may leave.
import type { Action } from './action.js';
import type { Child } from './child.js';
import type { Fleet } from './fleet.js';
import { all } from './view.js';

/**
 * What the boot of a phase made (files, locks) is removed by the last process of that phase. This
 * is its best mold, which waits for the others to go.
 */
export function retire(fleet: Fleet, mold: Child): Action[] {
  const others = all(fleet).filter(({ phase, id }) => phase === mold.phase && id !== mold.id);
  const hasHeir = others.some((other) => other.state === 'frozen' && isBetterMold(other, mold));
  if (others.length > 0 && !hasHeir) return [];
  return [{ type: 'retire', mold: mold.id, last: others.length === 0 }];
}

/** A total order, or two would wait for each other: a stop forgets what the next mold was to be. */
const isBetterMold = (one: Child, other: Child): boolean =>
  one.proven === other.proven
    ? one.generation > other.generation ||
      (one.generation === other.generation && one.id > other.id)
    : one.proven;
