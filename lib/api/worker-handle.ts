// What an app can see and ask of the worker it runs in. The state is process-wide, under a
// registered symbol, since the app's copy of this package may be another than the server's; the
// life of the process fills it in.

import { isThenable } from '../base/is-thenable.js';
export interface WorkerState {
  slot: number | null;
  generation: number;
  phase: number;
  requests: () => number;
  shuttingDown: boolean;
  /** Asks the life of the worker to leave gracefully; absent where there is no worker. */
  requestExit?: () => void;
  /**
   * Tells the monitor that this process must not become a mold; absent where there is no worker.
   */
  reportUnsafe?: (reason: string) => void;
  /** Prolongs the running request's timeout; absent where requests have none. */
  extendDeadline?: (ms: number) => void;
  /** Why this process must not become a mold; null while it may. */
  unsafeReason: string | null;
  /** Calls of `preventFork` that have not ended. */
  forkBlockers: number;
}

export interface WorkerHandle {
  /** null in the service worker. */
  readonly slot: number | null;
  /** Molds since the last boot of the code. */
  readonly generation: number;
  /** Boots of the code. */
  readonly phase: number;
  readonly pid: number;
  /** Requests completed since this worker was forked. */
  readonly requests: number;
  /** This worker, or the whole server, is about to leave. */
  readonly shuttingDown: boolean;
  /**
   * Finishes what is in flight and leaves; another worker takes the slot. The service worker is
   * replaced as well. Nothing outside of a worker.
   */
  exit(): void;
  /**
   * Gives the request that is being handled so many milliseconds more than `requestTimeout`, each
   * time; Infinity takes its timeout away. To be called in its handler or in what that awaits.
   */
  extendDeadline(ms: number): void;
  /** From now on neither this process nor a fork of it becomes a mold. */
  noLongerForkSafe(reason: string): void;
  /**
   * Runs `section`, and keeps this process from being forked until it is done (when its promise
   * settles).
   */
  preventFork<T>(section: () => T): T;
}

const stateKey = Symbol.for('pitchfork-ts.worker');

const processWide = globalThis as typeof globalThis & { [stateKey]?: WorkerState };

export const workerState: WorkerState = (processWide[stateKey] ??= {
  slot: 0,
  generation: 0,
  phase: 0,
  requests: () => 0,
  shuttingDown: false,
  unsafeReason: null,
  forkBlockers: 0,
});

export const worker: WorkerHandle = {
  get slot() {
    return workerState.slot;
  },
  get generation() {
    return workerState.generation;
  },
  get phase() {
    return workerState.phase;
  },
  get pid() {
    return process.pid;
  },
  get requests() {
    return workerState.requests();
  },
  get shuttingDown() {
    return workerState.shuttingDown;
  },
  exit() {
    workerState.requestExit?.();
  },
  extendDeadline(ms) {
    if (!(ms >= 0)) throw new RangeError(`extendDeadline: expected milliseconds, got ${ms}`);
    workerState.extendDeadline?.(ms);
  },
  noLongerForkSafe(reason) {
    if (workerState.unsafeReason !== null) return;
    workerState.unsafeReason = reason;
    workerState.reportUnsafe?.(reason);
  },
  preventFork,
};

function preventFork<T>(section: () => T): T {
  const unblock = () => void workerState.forkBlockers--;
  workerState.forkBlockers++;
  let result: T;
  try {
    result = section();
  } catch (error) {
    unblock();
    throw error;
  }
  if (isThenable(result)) result.then(unblock, unblock);
  else unblock();
  return result;
}
