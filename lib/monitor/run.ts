// Puts a monitor together, runs it to its end, and takes everything apart again.
import { displayName } from '../config/display-name.js';
import { isLoopback } from '../config/loopback.js';
import type { Overrides } from '../config/overrides.js';
import type { Settings } from '../config/settings.js';
import { takeSignals } from '../early-signals.js';
import { openMetrics } from '../metrics/server.js';
import { native } from '../native.js';
import { origin } from '../origin.js';
import { commandsOf } from './commands.js';
import { openControl } from './control.js';
import { settlesWithin } from '../settles-within.js';
import { credentialsOf } from './credentials.js';
import { Inherited, inheritedSockets } from './inherited.js';
import { openListeners } from './listeners.js';
import { createLog, type Log } from './log.js';
import { Monitor } from './monitor.js';
import type { Ending } from './perform.js';
import { writePidFile } from './pid-file.js';
import { readStats } from './read-stats.js';
import { runMonitorHook } from './hooks.js';
import { openRemoteControl } from './remote-control.js';
import { ServiceManager } from './service-manager.js';
import { obey } from './signals.js';
import { unreadiness } from './view.js';

interface Closable {
  close(): unknown;
}

/** Resolves with the exit code. Rejects with a ConfigError when the server cannot even begin. */
export async function runMonitor(settings: Settings, overrides: Overrides): Promise<number> {
  process.title = `pitchfork-ts monitor - ${displayName(settings.file)}`;
  native.becomeSubreaper();
  const credentials = credentialsOf(settings);
  const log = createLog(settings.log);
  const opened: Closable[] = [];
  let ending: Ending;
  const keep = <T extends Closable>(closable: T): T => (opened.push(closable), closable);
  try {
    const serviceManager = keep(new ServiceManager(origin.service, log));
    const { LISTEN_FDS, LISTEN_PID } = origin.service;
    if (LISTEN_FDS !== undefined && Number(LISTEN_PID) !== process.pid)
      log.warn({ for: LISTEN_PID }, 'LISTEN_FDS is meant for another process');
    const inherited = new Inherited(inheritedSockets(origin.service, process.pid));
    const listeners = keep(
      await openListeners(settings.listen, settings.workers, inherited, credentials),
    );
    const monitor = new Monitor({
      settings,
      overrides,
      listeners,
      log,
      credentials,
      serviceManager,
    });
    const control = keep(await openControl(settings.control, commandsOf(monitor), log));
    const remote =
      settings.remoteControl &&
      keep(await openRemoteControl(settings.remoteControl, commandsOf(monitor), log));
    if (settings.pidfile !== null) keep(writePidFile(settings.pidfile));
    const metrics =
      settings.metrics &&
      keep(
        await openMetrics(settings.metrics, {
          collect: () => monitor.measurements.collect(),
          stats: () => readStats(monitor),
          unreadiness: () => unreadiness(monitor.fleet),
        }),
      );
    log.info(
      {
        pid: process.pid,
        workers: settings.workers,
        listen: listeners.addresses(),
        control: control.path,
        ...(remote && { remoteControl: remote.url }),
        ...(settings.metrics &&
          metrics && {
            metrics: `http://${settings.metrics.host}:${metrics.port}${settings.metrics.path}`,
          }),
      },
      'monitor started',
    );
    warnOfOpenness(settings, log);
    tellOfMode(settings, log);
    takeSignals((signal) => obey(monitor, signal));
    ending = await monitor.run();
    await runAfterStopped(settings, log);
    log.info({ code: ending.code }, 'monitor stopped');
  } finally {
    for (const closable of opened.reverse()) await closable.close();
    log.flush();
  }
  if (ending.code !== 0) process.stderr.write(`pitchfork-ts: ${firstLine(ending.reason)}\n`);
  return ending.code;
}

/** These are for operators: what others can reach should be meant to be reached. */
function warnOfOpenness({ metrics, remoteControl }: Settings, log: Log): void {
  if (metrics && !isLoopback(metrics.host))
    log.warn({ host: metrics.host }, 'metrics can be read from other machines');
  if (remoteControl && !isLoopback(remoteControl.host))
    log.warn(
      { host: remoteControl.host },
      'remote control can be reached from other machines, and its token is not encrypted',
    );
}

async function runAfterStopped(settings: Settings, log: Log): Promise<void> {
  const { shutdownTimeoutMs: ms } = settings;
  if (!(await settlesWithin(runMonitorHook({ settings, log }, 'afterStopped'), ms)))
    log.error({ hook: 'afterStopped', ms }, 'hook did not end in time');
}

/** What a mold is good for begins with the second worker. */
function tellOfMode({ single, workers, hooks }: Settings, log: Log): void {
  const unused = (['beforeFork', 'afterFork', 'afterMoldFork'] as const).filter(
    (name) => hooks[name].length > 0,
  );
  if (single && unused.length > 0)
    log.warn({ hooks: unused }, 'these hooks never run in single mode (workers: 0)');
  if (!single && workers === 1)
    log.info({}, 'a mold beside a single worker doubles the memory: `workers: 0` runs without one');
}

/** The log has the rest of it, such as a stack. */
const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';
