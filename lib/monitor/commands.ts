// What each control command asks of the monitor.
import type { Commands, Outcome } from './control.js';
import type { Monitor } from './monitor.js';
import { readStats } from './read-stats.js';
import type { RolloutKind } from './rollouts.js';

export function commandsOf(monitor: Monitor): Commands {
  const rollOut =
    (kind: RolloutKind) =>
    async (wait: boolean): Promise<Outcome> => {
      const outcome = monitor.rollOut(kind, 'control command');
      return wait || monitor.fleet.stopping ? outcome : { ok: true };
    };
  return {
    stats: () => readStats(monitor),
    backtrace: () => monitor.backtrace(),
    refork: rollOut('refork'),
    phasedRestart: rollOut('phased restart'),
    stop: async (wait) => {
      monitor.stop('graceful', 'control command');
      if (wait) await monitor.over;
      return { ok: true };
    },
    halt: async () => {
      monitor.stop('immediate', 'control command');
      return { ok: true };
    },
    addWorker: async () => monitor.changeWorkers(1),
    removeWorker: async () => monitor.changeWorkers(-1),
  };
}
