// The deaths of children since the server started, by slot: their number, and the last one. An exit
// that was asked for is not a death.
import type { ExitReason } from '../../control-api/exit-reason.js';
import type { DeathStats } from '../../control-api/stats.js';
import type { Child } from '../fleet/child.js';

/** Plain data, for the next program of a hot restart. */
export type DeathsRecord = readonly DeathStats[];

export class Deaths {
  readonly #bySlot = new Map<string, DeathStats>();

  constructor(before: DeathsRecord = []) {
    for (const deaths of before) this.#bySlot.set(keyOf(deaths), deaths);
  }

  /** `text`: the reason in words. */
  count({ role, slot, pid, reason: text }: Child, reason: ExitReason, at = new Date()): void {
    if (reason === 'asked') return;
    const key = keyOf({ role, slot });
    const last = { reason, text: text ?? '', pid, at: at.toISOString() };
    this.#bySlot.set(key, { role, slot, count: (this.#bySlot.get(key)?.count ?? 0) + 1, last });
  }

  /** In the order of the first deaths; bounded by the number of slots. */
  record(): DeathStats[] {
    return [...this.#bySlot.values()];
  }
}

const keyOf = ({ role, slot }: Pick<Child, 'role' | 'slot'>): string => `${role} ${slot}`;
