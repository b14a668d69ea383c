// The handle by which an app sees and steers its worker. The state is process-wide, under a
// registered symbol, since the app may load another copy of this package than the server; the life
// of the process fills it in.
import { isThenable } from '../base/is-thenable.js';

export interface WorkerState {
  slot: number | null;
  generation: number;
  phase: number;
  requests: () => number;
  shuttingDown: boolean;
  /** Requests a graceful exit of the worker; absent where there is no worker. */
  requestExit?: () => void;
  /** Reports to the monitor that this process must not become a mold; absent without a worker. */
  reportUnsafe?: (reason: string) => void;
  /** Extends the timeout of the current request; absent where requests have none. */
  extendDeadline?: (ms: number) => void;
  /** The reason why this process must not become a mold; null while it may. */
  unsafeReason: string | null;
  /** Calls of `preventFork` that have not ended. */
  forkBlockers: number;
}

/** The worker that an app runs in. */
export interface WorkerHandle {
  /** The place of the worker, from 0 to `workers` - 1; null in the service worker. */
  readonly slot: number | null;
  /** The number of its mold within the phase, counted from 0. */
  readonly generation: number;
  /** The number of restarts with new code (phased or hot) before its code was loaded. */
  readonly phase: number;
  /** The process id. */
  readonly pid: number;
  /** Requests completed since this worker was forked. */
  readonly requests: number;
  /**
   * This worker finishes its requests, to exit or to become the mold, or the whole server is about
   * to stop: end event streams and long polls. Keep what forks will use: a mold is no end.
   */
  readonly shuttingDown: boolean;
  /**
   * Finishes the requests in flight and exits; another worker takes the slot. The service worker is
   * replaced as well. Does nothing outside of a worker.
   */
  exit(): void;
  /**
   * Extends the `requestTimeout` of the current request by `ms` milliseconds, with every call;
   * Infinity removes it. Call it in the handler, or in code that the handler awaits.
   */
  extendDeadline(ms: number): void;
  /** Permanently prevents this process and its forks from becoming a mold. */
  noLongerForkSafe(reason: string): void;
  /**
   * Runs `section`, during which this process is not forked; until its promise settles, if it
   * returns one.
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

/** The worker that this code runs in. */
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
