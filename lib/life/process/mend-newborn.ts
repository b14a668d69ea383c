// Mends a newborn before any other code runs in it. The order matters.
import {
  recordFirstDelay,
  restartDelayMonitors,
} from '../../fork-safety/frozen-time/delay-monitors.js';
import { restartLagMeters } from '../../fork-safety/frozen-time/lag-meters.js';
import { resumeUtilization } from '../../fork-safety/frozen-time/utilization.js';
import { renewRandomness } from '../../fork-safety/renew/randomness.js';
import { renewIdentity } from '../../fork-safety/renew/identity.js';
import { renewProcessId } from '../../fork-safety/renew/process-id.js';
import { observeNewborn } from '../../fork-safety/audit/observer.js';
import { renewResolvers } from '../../fork-safety/renew/resolvers.js';
import { refillPools } from '../../fork-safety/renew/random-pools.js';
import { leaveInheritedPages } from '../../heap/compaction.js';
import { forgetInheritedCounts } from '../../fork-safety/renew/prom-client.js';
import { native } from '../../system/native.js';
import type { Life } from './birth.js';
import { orphanGraceMs } from './orphan.js';

export async function mendNewborn(life: Life, forkId: number): Promise<void> {
  // 1. The pid, which everything below may use.
  const parentPid = renewProcessId();
  // 2. The end together with the monitor. Only now is the monitor the parent, to whose death the
  // kernel's signal is bound.
  native.dieWithMonitor(life.monitorPid, orphanGraceMs);
  // 3. A process group of its own, so that a signal to it reaches its descendants only.
  if (life.settings.setpgid) native.leadProcessGroup();
  // 4. Time: that of the frozen mold is nobody's.
  resumeUtilization();
  restartDelayMonitors();
  // 5. The heap: pages shared with the mold stay shared.
  leaveInheritedPages();
  // 6. Randomness, before the first identifier is drawn, then the values libraries derived from it.
  renewRandomness();
  refillPools();
  renewIdentity({ id: forkId, parentPid });
  renewResolvers();
  // 7. The baseline of the audit.
  observeNewborn();
  // 8. Counters: the mold's counts are not the newborn's.
  await forgetInheritedCounts();
  // 9. Timers that came due while the mold was frozen: they run now, before there are clients.
  recordFirstDelay();
  await nextTurn();
  restartLagMeters();
}

/** Resolves in the check phase of the event loop's next turn, after the phase of timers. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
