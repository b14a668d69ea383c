// The ways out of a worker and of the service worker. A process that served exits with its totals;
// one that did not is dismissed; one that fails to start aborts. All of them first write what they
// have begun to write.
import type { Figures } from '../../../protocol/message.js';
import { exit } from '../../process/exit.js';
import { roleSignals } from '../../process/role-signals.js';
import { describeFailure } from '../../process/failure.js';
import { appCounts } from './app-counts.js';
import type { WorkerChannel } from './orders.js';
import { finishOutstandingWork } from './outstanding-work.js';

/** The time to write for a process without clients; also the least for one with clients. */
const leastMs = 500;

export interface Exit {
  readonly figures: () => Figures;
  /** The number of requests that did not end in time. */
  readonly cut: number;
  /** The part of `shutdownTimeout` that is left. */
  readonly timeLeftMs: number;
  /** Work of the server's own, such as hooks. */
  readonly isBusy?: () => boolean;
}

export async function exitWithTotals(channel: WorkerChannel, how: Exit): Promise<never> {
  const metrics = await appCounts(channel);
  channel.send({ type: 'leaving', figures: how.figures(), metrics, cut: how.cut });
  await channel.flushed();
  // A listener may end the process.
  roleSignals.announceExit();
  await finishWriting(channel, Math.max(leastMs, how.timeLeftMs), how.isBusy);
  await channel.flushed();
  return exit(0);
}

/** After its last report. */
export async function exitWritten(channel: WorkerChannel): Promise<never> {
  await finishWriting(channel, leastMs);
  await channel.flushed();
  return exit(0);
}

export async function exitUnserved(channel: WorkerChannel): Promise<never> {
  channel.send({ type: 'dismissed' });
  return exitWritten(channel);
}

export async function abort(channel: WorkerChannel, error: unknown): Promise<never> {
  channel.send({ type: 'failed', step: 'start', ...describeFailure(error) });
  await finishOutstandingWork(leastMs);
  await channel.flushed();
  return exit(1);
}

async function finishWriting(
  channel: WorkerChannel,
  timeoutMs: number,
  isBusy?: () => boolean,
): Promise<void> {
  const active = await finishOutstandingWork(timeoutMs, isBusy);
  if (active === null) return;
  const text = 'exited before all it had begun was written';
  const reason = `not done within ${Math.round(timeoutMs)} ms (active: ${active})`;
  channel.send({ type: 'note', level: 'warn', text, reason, stack: null });
}
