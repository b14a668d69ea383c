// The operations and questions of the control API, carried out by the monitor.
import type { Outcome } from '../control-api/outcome.js';
import type { Commands } from './control/control.js';
import type { Monitor } from './monitor.js';
import { readStats } from './control/read-stats.js';
import type { RolloutKind } from './fleet/rollouts.js';

export function commandsOf(monitor: Monitor): Commands {
  const { operations } = monitor;
  const rollOut =
    (kind: RolloutKind) =>
    async (wait: boolean): Promise<Outcome> => {
      const refusal = operations.refusal(kind);
      if (refusal) return refusal;
      const outcome = operations.rollOut(kind, 'control command');
      return wait ? outcome : { ok: true };
    };
  return {
    stats: () => readStats(monitor),
    backtrace: () => operations.backtrace(),
    refork: rollOut('refork'),
    'phased-restart': rollOut('phased restart'),
    // The outcome is that of the preparation: the monitor that performs the restart cannot answer.
    restart: () => operations.hotRestart('control command'),
    stop: async (wait) => {
      operations.stop('graceful', 'control command');
      if (wait) await monitor.over;
      return { ok: true };
    },
    halt: async () => {
      operations.stop('immediate', 'control command');
      return { ok: true };
    },
    gc: async () => operations.collectGarbage(),
    'add-worker': async () => operations.changeWorkers(1),
    'remove-worker': async () => operations.changeWorkers(-1),
  };
}
