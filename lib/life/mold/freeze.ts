// Prepares a process to be a mold: its hooks run, it is audited, its heap is compacted. Nothing is
// left pending that a fork would carry out twice, or never.
import { audit } from '../../fork-safety/audit/audit.js';
import { suspendCleaners } from '../../fork-safety/renew/exit-listeners.js';
import { compactHeap } from '../../heap/compaction.js';
import { runHooks } from '../../config/run-hooks.js';
import { native } from '../../system/native.js';
import type { Life, Orders } from '../process/birth.js';
import { exit } from '../process/exit.js';
import { failpoint } from '../process/failpoint.js';
import { describeFailure } from '../process/failure.js';
import { closeInspector } from './inspector.js';
import { heedInterruptions } from './interruptions.js';
import { refuseOwnListener } from './own-listener.js';
import { cutPeers } from './peers.js';
import { prepareNewborns } from './prepare-newborns.js';
import { awaitQuiescence } from '../process/quiescence.js';
import { send } from './reports.js';

const writeMs = 500;

/** Exits if a step fails, or if the audit refuses the fork. */
export async function freeze(life: Life, generation: number, orders: Orders): Promise<void> {
  await step('afterMoldFork', orders, () => runMoldHooks(life, generation));
  await step('freeze', orders, async () => {
    const started = performance.now();
    closeInspector(orders);
    await judge(life, orders);
    suspendCleaners();
    await heedInterruptions(orders, 'searching');
    await prepareNewborns();
    await heedInterruptions(orders, 'compacting');
    await awaitQuiescence(life.settings.spawnTimeoutMs, started);
    await failpoint('mold.compacting', generation);
    compactHeap();
    cutPeers(orders);
    native.rememberMappings();
  });
}

async function step(name: string, orders: Orders, take: () => Promise<void>): Promise<void> {
  try {
    await take();
  } catch (error) {
    send(orders, { type: 'failed', step: name, ...describeFailure(error) });
    await exitWritten(1);
  }
}

/** First writes what the hooks have begun to write. */
async function exitWritten(code: number): Promise<never> {
  await awaitQuiescence(writeMs).catch(() => undefined);
  return exit(code);
}

async function runMoldHooks({ settings, phase }: Life, generation: number): Promise<void> {
  await failpoint('mold.hook', generation);
  await runHooks(settings, 'afterMoldFork', { pid: process.pid, generation, phase });
}

async function judge({ settings }: Life, orders: Orders): Promise<void> {
  // Whatever the app began at its load, such as listening on a host name, is done by then.
  await awaitQuiescence(settings.spawnTimeoutMs);
  const findings = await audit(settings.incompatibleModules);
  refuseOwnListener(settings.app, findings, orders);
  const refusals = findings.filter(({ severity }) => severity === 'refuse');
  if (refusals.length > 0) {
    send(orders, { type: 'refused', findings: refusals, leaves: true });
    await exitWritten(0);
  }
  if (findings.length > 0) send(orders, { type: 'audited', findings });
}
