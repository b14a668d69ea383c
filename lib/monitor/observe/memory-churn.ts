// Notices that every worker exceeds `maxWorkerMemory` soon after its start: then the limit replaces
// workers all day, and frees nothing. Pure.

/** A worker at one look. */
export interface MeasuredWorker {
  readonly id: number;
  readonly slot: number;
  readonly ageMs: number;
  readonly isAbove: boolean;
}

interface Exceeded {
  /** The worker. */
  readonly id: number;
  /** Its age when it was first seen above the limit. */
  readonly afterMs: number;
}

/** By slot, the last worker that exceeded the limit soon, and the number of such workers so far. */
export interface Churn {
  readonly bySlot: ReadonlyMap<number, Exceeded>;
  readonly count: number;
}

export const noChurn: Churn = { bySlot: new Map(), count: 0 };

/** A worker that exceeds the limit later than that grows slowly: that is what the limit is for. */
const soonMs = 60_000;

/** After another look. A worker that is old and below the limit, or above it late, ends it. */
export function observeChurn(before: Churn, workers: readonly MeasuredWorker[]): Churn {
  const bySlot = new Map(before.bySlot);
  let { count } = before;
  for (const { id, slot, ageMs: afterMs, isAbove } of workers) {
    if (bySlot.get(slot)?.id === id) continue;
    if (afterMs > soonMs) bySlot.delete(slot);
    else if (isAbove) {
      bySlot.set(slot, { id, afterMs });
      count++;
    }
  }
  return { bySlot, count: bySlot.size === 0 ? 0 : count };
}

/**
 * The time within which each slot's last worker exceeded the limit; null if one did not. A single
 * worker is no pattern, so two are needed, also of the same slot.
 */
export function churnWithinMs({ bySlot, count }: Churn, slots: readonly number[]): number | null {
  const times = slots.map((slot) => bySlot.get(slot)?.afterMs ?? Infinity);
  const withinMs = Math.max(...times);
  return count >= 2 && Number.isFinite(withinMs) ? withinMs : null;
}
