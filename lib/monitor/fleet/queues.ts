// Which worker accepts from which queue of an address; pure. Invariant: each queue is served by
// exactly one slot, for any numbers of queues and workers, so that no connection waits in a queue
// that nobody looks at.

/**
 * The queues of an address that the worker in `slot` serves: its own, and those that a scale-down
 * orphaned. A slot that is not one of `workers` serves none.
 */
export function queuesOf(slot: number, workers: number, queueCount: number): number[] {
  if (slot >= workers) return [];
  const queues: number[] = [];
  for (let queue = slot; queue < queueCount; queue += workers) queues.push(queue);
  return queues;
}
