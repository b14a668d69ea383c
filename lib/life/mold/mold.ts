// A mold: frozen in one native call, it runs no timers and no I/O, dirties no page, and wakes up
// only to fork. It never serves.
import { holdUtilization } from '../../fork-safety/frozen-time/utilization.js';
import { restoreCleaners } from '../../fork-safety/renew/exit-listeners.js';
import type { Birth, Life, Orders } from '../process/birth.js';
import { exit } from '../process/exit.js';
import { failpoint } from '../process/failpoint.js';
import { roleSignals } from '../process/role-signals.js';
import { entitleMold } from '../process/title.js';
import { uncaughtErrors } from '../process/uncaught-errors.js';
import { fork, type Mold } from './fork.js';
import { freeze } from './freeze.js';
import { checkPhase } from '../process/quiescence.js';
import { send } from './reports.js';

/** Resolves only in a newborn. */
export async function mold(life: Life, generation: number, orders: Orders): Promise<Birth> {
  holdUtilization();
  uncaughtErrors.reportTo((report) => orders.send(report));
  // A mold that does not come about is a failed attempt; the next one waits for its back-off.
  roleSignals.assume({ graceful: () => exit(0) });
  entitleMold(generation, 'starting...');
  await freeze(life, generation, orders);
  entitleMold(generation, 'ready');
  roleSignals.assume({
    graceful: () => {
      send(orders, { type: 'dismissed' });
      exit(0);
    },
  });
  send(orders, { type: 'frozen' });
  await failpoint('mold.frozen', generation);
  for (;;) {
    const birth = await obeyOrders({ life, generation, orders });
    if (birth) return birth;
    await checkPhase();
  }
}

/** Resolves to a birth in a newborn, and to undefined when a signal needs the event loop. */
async function obeyOrders(mold: Mold): Promise<Birth | undefined> {
  for (;;) {
    const delivery = mold.orders.receive();
    if (delivery === undefined) return undefined;
    if (delivery === null) exit(0);
    const { message, fds } = delivery;
    if (message.type === 'spawn') {
      const birth = await fork(mold, { message, fds });
      if (birth) return birth;
    } else if (message.type === 'retire') {
      if (message.last) restoreCleaners();
      exit(0);
    } else if (message.type === 'drain') exit(0);
  }
}
