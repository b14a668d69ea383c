// What each control command asks of the monitor.
import type { Commands } from './control.js';
import type { Monitor } from './monitor.js';
import { readStats } from './read-stats.js';

export function commandsOf(monitor: Monitor): Commands {
  return {
    stats: () => readStats(monitor),
    refork: async (wait) => {
      const outcome = monitor.refork('control command');
      return wait || monitor.fleet.stopping ? outcome : { ok: true };
    },
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
