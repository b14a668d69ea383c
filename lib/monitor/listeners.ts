// The listening sockets. The monitor opens them, and holds each for as long as it lives: what is queued on a socket
// outlives the worker that would have accepted it, whereas closing a SO_REUSEPORT socket resets its queue.
import type { Address } from '../config/settings.js';

export declare class Listeners {
  /** Adds queues until each of that many workers has its own; never closes any. */
  grow(workers: number): void;
  /** Every descriptor that the worker in `slot` accepts from. They stay the monitor's: pass duplicates. */
  descriptorsFor(slot: number, workers: number): number[];
  /** For the log, with real ports: 'http://127.0.0.1:8080', 'unix:/path'. */
  addresses(): string[];
  close(): void;
}

export declare function openListeners(
  addresses: readonly Address[],
  workers: number,
): Promise<Listeners>;
