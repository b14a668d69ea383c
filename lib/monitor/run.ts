// Puts a monitor together, runs it to its end, and takes everything apart again.
import type { Overrides } from '../config/overrides.js';
import type { Settings } from '../config/settings.js';
import { takeSignals } from '../early-signals.js';
import { openMetrics } from '../metrics/server.js';
import { native } from '../native.js';
import { commandsOf } from './commands.js';
import { openControl } from './control.js';
import { identityOf } from './identity.js';
import { openListeners } from './listeners.js';
import { createLog } from './log.js';
import { Monitor } from './monitor.js';
import type { Ending } from './perform.js';
import { writePidFile } from './pid-file.js';
import { readStats } from './read-stats.js';
import { obey } from './signals.js';

interface Closable {
  close(): unknown;
}

/** Resolves with the exit code. Rejects with a ConfigError when the server cannot even begin. */
export async function runMonitor(settings: Settings, overrides: Overrides): Promise<number> {
  process.title = 'pitchfork-ts monitor';
  native.becomeSubreaper();
  const identity = identityOf(settings);
  const log = createLog(settings.log);
  const opened: Closable[] = [];
  let ending: Ending;
  const keep = <T extends Closable>(closable: T): T => (opened.push(closable), closable);
  try {
    const listeners = keep(await openListeners(settings.listen, settings.workers, identity));
    const monitor = new Monitor({ settings, overrides, listeners, log, identity });
    const control = keep(await openControl(settings.control, commandsOf(monitor), log));
    if (settings.pidfile !== null) keep(writePidFile(settings.pidfile));
    const metrics =
      settings.metrics &&
      keep(
        await openMetrics(settings.metrics, {
          collect: () => monitor.measurements.collect(),
          stats: () => readStats(monitor),
        }),
      );
    log.info(
      {
        pid: process.pid,
        workers: settings.workers,
        listen: listeners.addresses(),
        control: control.path,
        ...(settings.metrics &&
          metrics && {
            metrics: `http://${settings.metrics.host}:${metrics.port}${settings.metrics.path}`,
          }),
      },
      'monitor started',
    );
    takeSignals((signal) => obey(monitor, signal));
    ending = await monitor.run();
    log.info({ code: ending.code }, 'monitor stopped');
  } finally {
    for (const closable of opened.reverse()) await closable.close();
    log.flush();
  }
  if (ending.code !== 0) process.stderr.write(`pitchfork-ts: ${firstLine(ending.reason)}\n`);
  return ending.code;
}

/** The log has the rest of it, such as a stack. */
const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';
