// Carries out an order to fork, including the hooks. The only file that forks.
import { workerState } from '../../api/worker-handle.js';
import { runHooks } from '../../config/run-hooks.js';
import { nothingUnread, type Delivery } from '../../protocol/channel.js';
import type { Order } from '../../protocol/message.js';
import { native } from '../../system/native.js';
import type { Birth, Life, Orders } from '../process/birth.js';
import { failpoint } from '../process/failpoint.js';
import { describeFailure } from '../process/failure.js';
import { cutPeers } from './peers.js';
import { awaitQuiescence } from '../process/quiescence.js';
import { send } from './reports.js';

export interface Mold {
  readonly life: Life;
  readonly generation: number;
  readonly orders: Orders;
}

type SpawnOrder = Extract<Order, { type: 'spawn' }>;

type Outcome =
  | { readonly pid: number; readonly durationMs: number }
  | { readonly pid: null; readonly error: Error };

/** Resolves to a birth in the newborn, and to undefined in the mold, whether it forked or not. */
export async function fork(
  mold: Mold,
  { message: order, fds }: Delivery<SpawnOrder>,
): Promise<Birth | undefined> {
  const { id, slot } = order;
  const outcome = await tryToFork(mold, slot, fds);
  if (outcome.pid === 0) return newborn(mold, order, fds);
  for (const fd of fds) native.closeDescriptor(fd);
  await runAfterFork(mold, slot, outcome);
  if (outcome.pid === null)
    send(mold.orders, { type: 'forkFailed', id, ...describeFailure(outcome.error) });
  else send(mold.orders, { type: 'forked', id, durationMs: outcome.durationMs });
  return undefined;
}

async function tryToFork(
  { life: { settings }, generation, orders }: Mold,
  slot: number | null,
  fds: readonly number[],
): Promise<Outcome> {
  const started = performance.now();
  try {
    await failpoint('mold.spawn', generation);
    const { unsafeReason } = workerState;
    if (unsafeReason !== null) throw new Error(`no longer fork-safe: ${unsafeReason}`);
    if (settings.hooks.beforeFork.length > 0) {
      await runHooks(settings, 'beforeFork', { slot, generation });
      await awaitQuiescence(settings.spawnTimeoutMs);
    }
    // A hook, or a signal that woke this mold, may have caused the app to connect again.
    cutPeers(orders, fds);
    const [channelFd, witness] = fds;
    const pid = native.forkSibling(channelFd, witness);
    return { pid, durationMs: performance.now() - started };
  } catch (error) {
    return { pid: null, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/**
 * Closes the mold's channel: the newborn's own is the first descriptor of the order. The second has
 * attested its pid to the monitor, by `forkSibling`.
 */
function newborn({ generation, orders }: Mold, order: SpawnOrder, fds: readonly number[]): Birth {
  orders.close();
  const [channelFd, witness, ...listenFds] = fds;
  if (channelFd === undefined || witness === undefined)
    throw new Error('the order to spawn came without a channel');
  native.closeDescriptor(witness);
  return {
    forkId: order.id,
    slot: order.slot,
    generation,
    channelFd,
    unread: nothingUnread,
    listenFds,
  };
}

async function runAfterFork(
  { life: { settings }, generation, orders }: Mold,
  slot: number | null,
  outcome: Outcome,
): Promise<void> {
  const { pid } = outcome;
  const error = outcome.pid === null ? { error: outcome.error } : {};
  try {
    await failpoint('mold.forked', generation);
    await runHooks(settings, 'afterFork', { slot, generation, pid, ...error });
    if (settings.hooks.afterFork.length > 0) await awaitQuiescence(settings.spawnTimeoutMs);
  } catch (thrown) {
    const text = 'hook afterFork failed';
    send(orders, { type: 'note', level: 'error', text, ...describeFailure(thrown) });
  }
}
