// Starts a monitor, runs it to its end, and closes everything again.
import { displayName } from '../config/display-name.js';
import type { Overrides } from '../config/overrides.js';
import type { Settings } from '../config/settings.js';
import { takeSignals } from '../system/early-signals.js';
import { native } from '../system/native.js';
import { printableLine } from '../base/printable.js';
import { settlesWithin } from '../base/settles-within.js';
import { credentialsOf } from '../system/credentials.js';
import { serveEndpoints } from './control/endpoints.js';
import { runMonitorHook } from '../config/run-hooks.js';
import { commandsOf } from './commands.js';
import { readStats } from './control/read-stats.js';
import { unreadiness } from './fleet/queries.js';
import type { HandOver } from './hot-restart/hand-over.js';
import { takeOver } from './hot-restart/take-over.js';
import type { Log } from './log/log.js';
import { Monitor } from './monitor.js';
import type { MonitorParts } from './parts.js';
import type { Ending } from './perform.js';
import { obey } from './signals.js';
import { refuseForeignCode } from './start/code-owner.js';
import { open } from './start/open.js';
import { logWarnings } from './start/warnings.js';

/** Resolves with the exit code. Rejects with a UserError if the server cannot start. */
export async function runMonitor(
  settings: Settings,
  overrides: Overrides,
  handOver?: HandOver,
): Promise<number> {
  process.title = `pitchfork-ts monitor - ${printableLine(displayName(settings.file))}`;
  native.becomeSubreaper();
  const credentials = credentialsOf(settings);
  // After a hot restart, the trial of this program has tested it.
  if (!handOver) refuseForeignCode(settings, credentials);
  const opened = handOver
    ? await takeOver(handOver, settings, credentials)
    : await open(settings, credentials);
  const ending = await runToEnd({ settings, overrides, credentials, ...opened });
  if (ending.code !== 0)
    process.stderr.write(`pitchfork-ts: ${printableLine(firstLine(ending.reason))}\n`);
  return ending.code;
}

async function runToEnd(parts: MonitorParts): Promise<Ending> {
  const { settings, log, fleet, listeners, serviceManager } = parts;
  const closables: { close(): unknown }[] = [serviceManager, listeners];
  try {
    const monitor = new Monitor(parts);
    const content = {
      collect: () => monitor.measurements.collect(),
      stats: () => readStats(monitor),
      unreadiness: () => unreadiness(fleet),
    };
    const endpoints = await serveEndpoints(parts.endpoints, commandsOf(monitor), content, log);
    closables.push(endpoints);
    logStart(parts, endpoints.addresses);
    logWarnings(settings, log);
    takeSignals((signal) => obey(monitor, signal));
    // Held back during a hot restart.
    native.releaseSignals();
    const ending = await monitor.run();
    await runAfterStopped(settings, log);
    log.info({ code: ending.code }, 'monitor stopped');
    return ending;
  } finally {
    for (const closable of closables.reverse()) await closable.close();
    log.flush();
  }
}

function logStart({ fleet, listeners, log }: MonitorParts, endpoints: object): void {
  const { workers, restarts } = fleet;
  log.info(
    {
      pid: process.pid,
      workers,
      listen: listeners.addresses(),
      ...endpoints,
      ...(restarts > 0 && { restarts }),
    },
    restarts > 0 ? 'monitor restarted' : 'monitor started',
  );
}

async function runAfterStopped(settings: Settings, log: Log): Promise<void> {
  const { shutdownTimeoutMs: ms } = settings;
  if (!(await settlesWithin(runMonitorHook({ settings, log }, 'afterStopped'), ms)))
    log.error({ hook: 'afterStopped', ms }, 'hook did not end in time');
}

/** Further lines, such as a stack, are in the log only. */
const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';
