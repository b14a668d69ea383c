// The operations and questions of the control API, carried out by the monitor.
import type { Outcome } from '../control-api/outcome.js';
import type { Commands } from './control/control.js';
import type { Monitor } from './monitor.js';
import { readStats } from './control/read-stats.js';
import type { Stopping } from './fleet/fleet.js';
import type { RolloutKind } from './fleet/rollouts.js';

export function commandsOf(monitor: Monitor): Commands {
  const { operations } = monitor;
  const rollOut =
    (kind: RolloutKind) =>
    async (wait: boolean): Promise<Outcome> => {
      const outcome = operations.rollOut(kind, 'control command');
      return wait || !(outcome instanceof Promise) ? outcome : { ok: true };
    };
  const stop =
    (how: Stopping) =>
    async (wait: boolean): Promise<Outcome> => {
      operations.stop(how, 'control command');
      if (wait) await monitor.over;
      return { ok: true };
    };
  return {
    stats: () => readStats(monitor),
    backtrace: () => operations.backtrace(),
    refork: rollOut('refork'),
    'phased-restart': rollOut('phased restart'),
    rollback: rollOut('rollback'),
    // The outcome is that of the preparation: the monitor that performs the restart cannot answer.
    restart: () => operations.hotRestart('control command'),
    stop: stop('graceful'),
    halt: stop('immediate'),
    gc: async () => operations.collectGarbage(),
    'add-worker': async () => operations.changeWorkers(1),
    'remove-worker': async () => operations.changeWorkers(-1),
  };
}
