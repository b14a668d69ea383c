// What a newborn must mend before any other code runs in it, in this order. The only file that
// mends globals.
import { renewEntropy } from '../../fork-safety/renew/entropy.js';
import { renewIdentity } from '../../fork-safety/renew/identity.js';
import { observeNewborn } from '../../fork-safety/audit/observer.js';
import { refillPools } from '../../fork-safety/renew/random-pools.js';
import { leaveInheritedPages } from '../../heap/compaction.js';
import { forgetInheritedCounts } from '../../fork-safety/renew/prom-client.js';
import { native } from '../../system/native.js';
import type { Life } from './birth.js';
import { orphanGraceMs } from './orphan.js';

export async function mendNewborn(life: Life, forkId: number): Promise<void> {
  const parentPid = process.pid;
  // 1. The identity: process.pid is a plain property, computed once.
  Object.defineProperty(process, 'pid', { ...writable, value: native.pid() });
  // 2. Not to outlive the monitor. After the hand-over to it, since the signal goes with the parent
  // that is current.
  native.dieWithMonitor(life.monitorPid, orphanGraceMs);
  // 3. A group of its own, so that a signal to it reaches what it starts and nobody else.
  if (life.settings.setpgid) native.leadProcessGroup();
  // 4. The heap: pages shared with the mold stay shared.
  leaveInheritedPages();
  // 5. Randomness, before the first identifier is drawn, and then what libraries made of it.
  renewEntropy();
  refillPools();
  renewIdentity({ id: forkId, parentPid });
  // 6. What the audit is to compare with.
  observeNewborn();
  // 7. Counters that the mold counted are the mold's.
  await forgetInheritedCounts();
}

const writable = { configurable: true, enumerable: true, writable: true };
