// The first steps of a worker and of the service worker: a forked process is mended and reports its
// birth, then the app's worker handle is filled in.
import { workerState } from '../../../api/worker-handle.js';
import { mendNewborn } from '../../process/mend-newborn.js';
import type { Birth, Life } from '../../process/birth.js';
import type { WorkerChannel } from './orders.js';

/** The part of the app's handle that worker and service worker fill in differently. */
export interface Handle {
  readonly requests: () => number;
  readonly requestExit: () => void;
  /** Absent in the service worker, which never becomes a mold. */
  readonly reportUnsafe?: (reason: string) => void;
}

export async function reportBirth(
  life: Life,
  { forkId }: Birth,
  channel: WorkerChannel,
): Promise<void> {
  if (forkId === null) return; // Reported by the boot.
  await mendNewborn(life, forkId);
  channel.send({ type: 'born' });
}

/** Removes everything from the handle of the worker that became this process's mold. */
export function fillHandle({ phase }: Life, { slot, generation }: Birth, handle: Handle): void {
  delete workerState.reportUnsafe;
  delete workerState.extendDeadline;
  Object.assign(workerState, { slot, generation, phase, shuttingDown: false, ...handle });
  if (workerState.unsafeReason !== null) handle.reportUnsafe?.(workerState.unsafeReason);
}
