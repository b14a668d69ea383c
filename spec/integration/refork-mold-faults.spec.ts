// Goal: a new mold that cannot fork, and a canary that fails its trial, cost nothing. Method: as
// refork-faults.spec.ts.
import { expectSurvived, startWithFault, type ReforkFault } from '../support/refork-fault.js';
import type { Server } from '../support/server.js';

const killed = /SIGKILL/;

const faults: readonly ReforkFault[] = [
  {
    what: 'afterMoldFork that throws',
    config: `afterMoldFork({ generation }) { if (generation === 1) throw new Error('not this'); },`,
    reason: /afterMoldFork: \S+:\d+:\d+: Error: not this/,
  },
  {
    what: 'afterMoldFork that exits',
    config: `afterMoldFork({ generation }) { if (generation === 1) process.exit(7); },`,
    reason: /exit code 7/,
  },
  {
    what: 'afterMoldFork that is sent TERM',
    config: `async afterMoldFork({ generation }) {
      if (generation !== 1) return;
      process.kill(process.pid, 'SIGTERM');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    },`,
    reason: /exit code 0/,
  },
  { what: 'a mold killed in its hook', failpoint: 'mold.hook@1=kill', reason: killed },
  {
    what: 'a mold that fails before it compacts',
    failpoint: 'mold.compacting@1=throw',
    reason: /failpoint mold\.compacting/,
  },
  { what: 'a mold killed while it compacts', failpoint: 'mold.compacting@1=kill', reason: killed },
  {
    what: 'a mold killed as soon as it is frozen',
    failpoint: 'mold.frozen@1=kill',
    // The monitor notices when the order to fork cannot be sent, or at its end.
    reason: /SIGKILL|EPIPE/,
  },
  {
    what: 'a mold that cannot fork',
    failpoint: 'mold.spawn@1=throw',
    reason: /^the canary: fork: Error: failpoint mold\.spawn/,
  },
  {
    what: 'a mold killed on the order to fork',
    failpoint: 'mold.spawn@1=kill',
    reason: killed,
  },
  {
    what: 'a mold killed when it has forked',
    failpoint: 'mold.forked@1=kill',
    reason: killed,
  },
  { what: 'a canary killed at birth', failpoint: 'worker.born@1=kill', reason: /canary.*SIGKILL/ },
  {
    what: 'a canary that exits at birth',
    failpoint: 'worker.born@1=exit',
    reason: /canary.*exit code 1/,
  },
  {
    what: 'a canary whose afterWorkerFork throws',
    config: `afterWorkerFork({ generation }) { if (generation === 1) throw new Error('no'); },`,
    reason: /canary.*Error: no/s,
  },
  {
    what: 'a canary that fails before it serves',
    failpoint: 'worker.serving@1=throw',
    reason: /canary.*failpoint worker\.serving/s,
  },
  {
    what: 'a canary that dies soon after it is ready',
    config: `refork: { drainTimeout: '3s', backoff: '500ms', canary: '1s' },
    afterWorkerReady({ generation, pid }) {
      if (generation === 1) setTimeout(() => process.kill(pid, 'SIGKILL'), 50);
    },`,
    reason: /canary.*SIGKILL/,
    takesClientsAlong: true,
  },
];

describe('a refork', () => {
  let server: Server;
  afterEach(() => server.destroy());

  for (const fault of faults)
    it(`survives ${fault.what} (M2, M6, M9)`, async () => {
      server = await startWithFault(fault);
      await expectSurvived(server, fault);
    });
});
