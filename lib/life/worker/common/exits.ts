// The ways out of a worker and of the service worker. A process that served exits with its totals;
// one that did not is dismissed; one that fails to start aborts.
import type { Figures } from '../../../protocol/message.js';
import { exit } from '../../process/exit.js';
import { describeFailure } from '../../process/failure.js';
import { appCounts } from './app-counts.js';
import type { WorkerChannel } from './orders.js';

/** `cut`: the number of requests that did not end in time. */
export async function exitWithTotals(
  channel: WorkerChannel,
  figures: () => Figures,
  cut: number,
): Promise<never> {
  const metrics = await appCounts(channel);
  channel.send({ type: 'leaving', figures: figures(), metrics, cut });
  await channel.flushed();
  return exit(0);
}

export async function exitUnserved(channel: WorkerChannel): Promise<never> {
  channel.send({ type: 'dismissed' });
  await channel.flushed();
  return exit(0);
}

export async function abort(channel: WorkerChannel, error: unknown): Promise<never> {
  channel.send({ type: 'failed', step: 'start', ...describeFailure(error) });
  await channel.flushed();
  return exit(1);
}
