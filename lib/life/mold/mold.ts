// A mold: frozen in one native call, it runs no timer and no I/O, dirties no page, and only wakes
// to fork. It never serves. The only file that forks.
import { failpoint } from '../process/failpoint.js';
import { audit } from '../../fork-safety/audit/audit.js';
import { cutConnections } from '../../fork-safety/renew/cut-connections.js';
import { restoreCleaners, suspendCleaners } from '../../fork-safety/renew/exit-listeners.js';
import { prepareIdentity } from '../../fork-safety/renew/identity.js';
import { compactHeap } from '../../heap/compaction.js';
import type { Order, Report } from '../../protocol/message.js';
import { native } from '../../system/native.js';
import { describeError, exit } from '../process/exit.js';
import { runHooks } from '../../config/run-hooks.js';
import type { Birth, Life, Orders } from '../process/birth.js';
import { checkPhase, awaitQuiescence } from './quiescence.js';
import { roleSignals } from '../process/role-signals.js';
import { entitleMold } from '../process/title.js';
import { workerState } from '../../api/worker-handle.js';

type SpawnOrder = Extract<Order, { type: 'spawn' }>;

/** Resolves in a newborn, and nowhere else. */
export async function mold(life: Life, generation: number, orders: Orders): Promise<Birth> {
  roleSignals.assume({ graceful: () => exit(0) });
  entitleMold(generation, 'starting...');
  await attempt(orders, 'afterMoldFork', () => runMoldHooks(life, generation));
  await attempt(orders, 'freeze', () => prepare(life, generation, orders));
  entitleMold(generation, 'ready');
  roleSignals.assume({
    graceful: () => {
      tell(orders, { type: 'dismissed' });
      exit(0);
    },
  });
  tell(orders, { type: 'frozen' });
  await failpoint('mold.frozen', generation);
  for (;;) {
    const birth = await serveOrders(life, generation, orders);
    if (birth) return birth;
    await checkPhase();
  }
}

/** A monitor that does not listen any more is dead, and then there is nothing to be a mold for. */
function tell(orders: Orders, report: Report): void {
  try {
    orders.send(report);
  } catch {
    exit(0);
  }
}

/** Leaves with the reason if a step fails. */
async function attempt(orders: Orders, step: string, take: () => Promise<void>): Promise<void> {
  try {
    await take();
  } catch (error) {
    tell(orders, { type: 'failed', step, reason: describeError(error) });
    exit(1);
  }
}

async function runMoldHooks({ settings, phase }: Life, generation: number): Promise<void> {
  await failpoint('mold.hook', generation);
  await runHooks(settings, 'afterMoldFork', { pid: process.pid, generation, phase });
}

async function prepare(life: Life, generation: number, orders: Orders): Promise<void> {
  await judge(life, orders);
  suspendCleaners();
  await prepareIdentity();
  await awaitQuiescence(life.settings.spawnTimeoutMs);
  await failpoint('mold.compacting', generation);
  compactHeap();
  partFromPeers(orders);
  native.rememberMappings();
}

/** Leaves if a fork of this process could not live. */
async function judge(life: Life, orders: Orders): Promise<void> {
  const findings = await audit(life.settings.incompatibleModules);
  const refusals = findings.filter(({ severity }) => severity === 'refuse');
  if (refusals.length > 0) {
    tell(orders, { type: 'refused', findings: refusals, leaves: true });
    exit(0);
  }
  if (findings.length > 0) tell(orders, { type: 'audited', findings });
}

/** `held` are descriptors that came with an order. */
function partFromPeers(orders: Orders, held: readonly number[] = []): void {
  const cut = cutConnections([...orders.fds, ...held]);
  if (cut) tell(orders, { type: 'cut', ...cut });
}

/**
 * Frozen until an order comes. Resolves to undefined when a signal wants a turn of the event loop.
 */
async function serveOrders(
  life: Life,
  generation: number,
  orders: Orders,
): Promise<Birth | undefined> {
  for (;;) {
    const delivery = orders.receive();
    if (delivery === undefined) return undefined;
    if (delivery === null) exit(0);
    const { message, fds } = delivery;
    if (message.type === 'spawn') {
      const birth = await spawn(life, generation, orders, message, fds);
      if (birth) return birth;
    } else if (message.type === 'retire') {
      if (message.last) restoreCleaners();
      exit(0);
    } else if (message.type === 'drain') exit(0);
  }
}

async function spawn(
  life: Life,
  generation: number,
  orders: Orders,
  order: SpawnOrder,
  fds: readonly number[],
): Promise<Birth | undefined> {
  const { settings } = life;
  const { id, slot } = order;
  let pid: number | null = null;
  let failure: Error | undefined;
  const started = performance.now();
  try {
    await failpoint('mold.spawn', generation);
    const { unsafeReason } = workerState;
    if (unsafeReason !== null) throw new Error(`no longer fork-safe: ${unsafeReason}`);
    if (settings.hooks.beforeFork.length > 0) {
      await runHooks(settings, 'beforeFork', { slot, generation });
      await awaitQuiescence(settings.spawnTimeoutMs);
    }
    // A hook, or a signal that woke this mold, may have let the app connect again.
    partFromPeers(orders, fds);
    pid = native.forkSibling();
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  if (pid === 0) {
    orders.close();
    const [channelFd, ...listenFds] = fds;
    if (channelFd === undefined) throw new Error('the order to spawn came without a channel');
    return { forkId: id, slot, generation, channelFd, listenFds };
  }
  const durationMs = performance.now() - started;
  for (const fd of fds) native.closeDescriptor(fd);
  try {
    await failpoint('mold.forked', generation);
    await runHooks(settings, 'afterFork', {
      slot,
      generation,
      pid,
      ...(failure && { error: failure }),
    });
    if (settings.hooks.afterFork.length > 0) await awaitQuiescence(settings.spawnTimeoutMs);
  } catch (error) {
    tell(orders, {
      type: 'note',
      level: 'error',
      text: `hook afterFork failed: ${describeError(error)}`,
    });
  }
  if (pid === null) tell(orders, { type: 'forkFailed', id, reason: describeError(failure) });
  else tell(orders, { type: 'forked', id, pid, durationMs });
  return undefined;
}
