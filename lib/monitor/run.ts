// Puts a monitor together, runs it to its end, and takes everything apart again. After a hot
// restart, much of it is there already.
import type { Overrides } from '../config/overrides.js';
import type { Settings } from '../config/settings.js';
import { takeSignals } from '../early-signals.js';
import { openMetrics, type MetricsServer } from '../metrics/server.js';
import { native } from '../native.js';
import { commandsOf } from './commands.js';
import { openControl } from './control.js';
import type { HandOver } from './hand-over.js';
import type { Doors } from './hot-restart.js';
import { openListeners } from './listeners.js';
import { createLog, type Log } from './log.js';
import { Monitor } from './monitor.js';
import type { Ending } from './perform.js';
import { readStats } from './read-stats.js';
import { obey } from './signals.js';
import { takeOver, takeOverControl, takeOverListeners, takeOverMetrics } from './take-over.js';

interface Closable {
  close(): unknown;
}

/** Resolves with the exit code. Rejects with a ConfigError when the server cannot even begin. */
export async function runMonitor(settings: Settings, overrides: Overrides): Promise<number> {
  process.title = 'pitchfork-ts monitor';
  native.becomeSubreaper();
  const before = takeOver();
  const log = createLog(settings.log, before?.logLinesDropped);
  const opened: Closable[] = [];
  let ending: Ending;
  const keep = <T extends Closable>(closable: T): T => (opened.push(closable), closable);
  try {
    const listeners = keep(
      before
        ? await takeOverListeners(before, settings, log)
        : await openListeners(settings.listen, settings.workers),
    );
    const doors: Doors = { control: null, metrics: null };
    const monitor = new Monitor({ settings, overrides, listeners, log, doors }, before);
    const commands = commandsOf(monitor);
    doors.control = keep(
      before
        ? await takeOverControl(before, settings.control, commands, log)
        : await openControl(settings.control, commands, log),
    );
    const metrics = await metricsOf(monitor, settings, before, log);
    if (metrics) doors.metrics = keep(metrics);
    log.info(
      {
        pid: process.pid,
        workers: monitor.fleet.workers,
        listen: listeners.addresses(),
        control: doors.control.path,
        ...(settings.metrics &&
          metrics && {
            metrics: `http://${settings.metrics.host}:${metrics.port}${settings.metrics.path}`,
          }),
        ...(before && { restarts: monitor.fleet.restarts }),
      },
      before ? 'monitor restarted' : 'monitor started',
    );
    takeSignals((signal) => obey(monitor, signal));
    if (before) native.releaseSignals();
    ending = await monitor.run();
    log.info({ code: ending.code }, 'monitor stopped');
  } finally {
    for (const closable of opened.reverse()) await closable.close();
    log.flush();
  }
  if (ending.code !== 0) process.stderr.write(`pitchfork-ts: ${firstLine(ending.reason)}\n`);
  return ending.code;
}

async function metricsOf(
  monitor: Monitor,
  { metrics }: Settings,
  before: HandOver | undefined,
  log: Log,
): Promise<MetricsServer | undefined> {
  const content = {
    collect: () => monitor.measurements.collect(),
    stats: () => readStats(monitor),
  };
  if (before) return takeOverMetrics(before, metrics || null, content, log);
  return metrics ? openMetrics(metrics, content) : undefined;
}

/** The log has the rest of it, such as a stack. */
const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';
