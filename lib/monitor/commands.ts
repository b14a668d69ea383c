// What each control command asks of the monitor.
import type { Commands, Outcome } from './control.js';
import type { Monitor } from './monitor.js';
import { readStats } from './read-stats.js';
import type { RolloutKind } from './rollouts.js';

export function commandsOf(monitor: Monitor): Commands {
  const { wishes } = monitor;
  const rollOut =
    (kind: RolloutKind) =>
    async (wait: boolean): Promise<Outcome> => {
      const refusal = wishes.refusal(kind);
      if (refusal) return refusal;
      const outcome = wishes.rollOut(kind, 'control command');
      return wait ? outcome : { ok: true };
    };
  return {
    stats: () => readStats(monitor),
    backtrace: () => wishes.backtrace(),
    refork: rollOut('refork'),
    phasedRestart: rollOut('phased restart'),
    hotRestart: () => wishes.hotRestart('control command'),
    stop: async (wait) => {
      wishes.stop('graceful', 'control command');
      if (wait) await monitor.over;
      return { ok: true };
    },
    halt: async () => {
      wishes.stop('immediate', 'control command');
      return { ok: true };
    },
    collectGarbage: async () => wishes.collectGarbage(),
    addWorker: async () => wishes.changeWorkers(1),
    removeWorker: async () => wishes.changeWorkers(-1),
  };
}
