// Assigns the queues of an address to workers; pure. Invariant: each queue is served by exactly one
// slot, for any numbers of queues and workers, so that no connection waits in a queue without a
// server.

/**
 * The queues of an address that the worker in `slot` serves: its own, and some that a scale-down
 * orphaned. A slot beyond `workers` serves none.
 */
export function queuesOf(slot: number, workers: number, queueCount: number): number[] {
  if (slot >= workers) return [];
  const queues: number[] = [];
  for (let queue = slot; queue < queueCount; queue += workers) queues.push(queue);
  return queues;
}
