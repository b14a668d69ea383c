// Goal: a refork that hangs at any of its steps is ended by its deadline, and costs nothing.
// Method: as refork-faults.spec.ts, with processes that stop, sleep or spin.
import { expectSurvived, startWithFault, type ReforkFault } from '../support/refork-fault.js';
import type { Server } from '../support/server.js';

const spawnTimeoutMs = 4_000;
const drainTimeoutMs = 500;
const late = new RegExp(`not a mold within ${spawnTimeoutMs + drainTimeoutMs} ms`);
const notReady = new RegExp(`^the canary: not ready within ${spawnTimeoutMs} ms`);

const hangs: readonly ReforkFault[] = [
  {
    what: 'a candidate that stops before it drains',
    failpoint: 'promote.ordered@1=stop',
    reason: late,
    takesClientsAlong: true,
  },
  {
    what: 'a candidate that does not get on when it has drained',
    failpoint: 'promote.drained@1=sleep:60000',
    reason: late,
  },
  {
    what: 'afterMoldFork that never resolves',
    config: `afterMoldFork({ generation }) {
      if (generation === 1) return new Promise((resolve) => setTimeout(resolve, 60_000));
    },`,
    reason: late,
  },
  {
    what: 'a mold that stops before it compacts',
    failpoint: 'mold.compacting@1=stop',
    reason: late,
  },
  {
    what: 'a mold that does not answer the order to fork',
    failpoint: 'mold.spawn@1=stop',
    reason: notReady,
  },
  {
    what: 'a canary that stops at birth',
    failpoint: 'worker.born@1=stop',
    reason: notReady,
  },
  {
    what: 'a canary whose afterWorkerFork never resolves',
    failpoint: 'worker.hook@1=sleep:60000',
    reason: notReady,
  },
  {
    what: 'a canary in an endless loop before it serves',
    failpoint: 'worker.serving@1=spin:60000',
    reason: notReady,
  },
];

describe('a refork', () => {
  let server: Server;
  afterEach(() => server.destroy());

  for (const hang of hangs)
    it(`survives ${hang.what} (M7)`, async () => {
      server = await startWithFault(
        hang,
        `spawnTimeout: ${spawnTimeoutMs},
        refork: { drainTimeout: ${drainTimeoutMs}, backoff: '300ms', canary: '100ms' },`,
      );
      await expectSurvived(server, hang);
    });
});
