// The promotion of a worker: it drains, reports its last totals and detaches its channel from the
// event loop, to become the mold of the next generation.
import { workerState } from '../../api/worker-handle.js';
import { settlesWithin } from '../../base/settles-within.js';
import type { Settings } from '../../config/settings.js';
import type { Orders } from '../process/birth.js';
import { failpoint } from '../process/failpoint.js';
import { describeFailure } from '../process/failure.js';
import { appCounts } from './common/app-counts.js';
import { exitWritten } from './common/exits.js';
import type { WorkerChannel } from './common/orders.js';
import { finishOutstandingWork } from './common/outstanding-work.js';
import { refusals } from './refusals.js';
import type { Serving } from './serving.js';

export interface Promotion {
  readonly generation: number;
  readonly channel: Orders;
}

export interface Candidate {
  readonly settings: Settings;
  readonly channel: WorkerChannel;
  readonly serving: Serving;
  /** Whether hooks of the server's own are under way. */
  readonly isBusy: () => boolean;
  /** Whether an order to drain has come meanwhile: then the worker exits instead. */
  readonly isToExit: () => boolean;
}

export type Outcome =
  | { readonly type: 'promoted'; readonly promotion: Promotion }
  /** The worker keeps serving. */
  | { readonly type: 'refused' }
  /** Drained, but not to become a mold: `cut` requests did not end in time. */
  | { readonly type: 'drained'; readonly cut: number };

export async function promote(candidate: Candidate, generation: number): Promise<Outcome> {
  const { settings, channel, serving, isBusy, isToExit } = candidate;
  if (await refuses(candidate)) return { type: 'refused' };
  let drained: Promise<number> | undefined;
  const { drainTimeoutMs } = settings.refork;
  const drain = (): Promise<number> => {
    workerState.shuttingDown = true;
    return (drained ??= serving.drain('ordered', drainTimeoutMs));
  };
  try {
    await failpoint('promote.ordered', generation);
    const draining = drain();
    await failpoint('promote.draining', generation);
    if (!(await settlesWithin(draining, drainTimeoutMs))) {
      const reason = serving.describeOverrun('refork.drainTimeout', drainTimeoutMs);
      channel.send({ type: 'failed', step: 'drain', reason, stack: null });
      return { type: 'drained', cut: await draining };
    }
    if (isToExit()) return { type: 'drained', cut: 0 };
    // Now rather than in the mold, which a signal may end, and whose forks would go on with it.
    const writeMs = Math.min(serving.timeLeftMs, settings.spawnTimeoutMs / 2);
    await finishOutstandingWork(writeMs, isBusy);
    if (isToExit()) return { type: 'drained', cut: 0 };
    await failpoint('promote.drained', generation);
    serving.stopWatching();
    const metrics = await appCounts(channel);
    channel.send({ type: 'drained', figures: serving.figures(), metrics });
    await channel.flushed();
    if (isToExit()) return exitWritten(channel); // Its totals have been reported already.
    // A mold is not about to stop, and its forks begin anew.
    workerState.shuttingDown = false;
    return { type: 'promoted', promotion: { generation, channel: channel.detach() } };
  } catch (error) {
    // The worker cannot become a mold, but its clients still get their answers.
    channel.send({ type: 'failed', step: 'promotion', ...describeFailure(error) });
    return { type: 'drained', cut: await drain() };
  }
}

async function refuses({ settings, channel }: Candidate): Promise<boolean> {
  const findings = await refusals(settings);
  if (findings.length > 0) channel.send({ type: 'refused', findings, leaves: false });
  return findings.length > 0;
}
