// Puts a monitor together, runs it to its end, and takes everything apart again. After a hot
// restart, much of it is there already.
import { displayName } from '../config/display-name.js';
import { isLoopback } from '../config/loopback.js';
import type { Overrides } from '../config/overrides.js';
import type { Settings } from '../config/settings.js';
import { takeSignals } from '../system/early-signals.js';
import { native } from '../system/native.js';
import { launch } from '../system/launch.js';
import { settlesWithin } from '../base/settles-within.js';
import { credentialsOf, type Credentials } from '../system/credentials.js';
import { Endpoints } from './control/endpoints.js';
import { runMonitorHook } from '../config/run-hooks.js';
import type { HandOver } from './hot-restart/hand-over.js';
import { Inherited, inheritedSockets } from './sockets/inherited.js';
import { openListeners, type Listeners } from './sockets/listeners.js';
import { createLog, type Log } from './log/log.js';
import { Monitor } from './monitor.js';
import type { Ending } from './perform.js';
import { ServiceManager } from './control/service-manager.js';
import { obey } from './signals.js';
import { takeOverListeners, takeOverLog } from './hot-restart/take-over.js';

interface Closable {
  close(): unknown;
}

/** Resolves with the exit code. Rejects with a ConfigError when the server cannot even begin. */
export async function runMonitor(
  settings: Settings,
  overrides: Overrides,
  before?: HandOver,
): Promise<number> {
  process.title = `pitchfork-ts monitor - ${displayName(settings.file)}`;
  native.becomeSubreaper();
  const log = before ? takeOverLog(before, settings.log) : createLog(settings.log);
  const credentials = credentialsOf(settings);
  const opened: Closable[] = [];
  let ending: Ending;
  const keep = <T extends Closable>(closable: T): T => (opened.push(closable), closable);
  try {
    const said = before ? 'restarting' : 'starting';
    const serviceManager = keep(new ServiceManager(launch.service, log, said));
    const listeners = keep(
      before
        ? await takeOverListeners(before, settings, credentials, log)
        : await listen(settings, credentials, log),
    );
    const endpoints = keep(new Endpoints(settings, log));
    const parts = { settings, overrides, listeners, log, credentials, serviceManager, endpoints };
    const monitor = new Monitor(parts, before);
    await endpoints.open(monitor, before);
    log.info(
      {
        pid: process.pid,
        workers: monitor.fleet.workers,
        listen: listeners.addresses(),
        ...endpoints.addresses(),
        ...(before && { restarts: monitor.fleet.restarts }),
      },
      before ? 'monitor restarted' : 'monitor started',
    );
    warnOfOpenness(settings, log);
    tellOfMode(settings, log);
    takeSignals((signal) => obey(monitor, signal));
    if (before) native.releaseSignals();
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

function listen(
  settings: Settings,
  credentials: Credentials | undefined,
  log: Log,
): Promise<Listeners> {
  const { LISTEN_FDS, LISTEN_PID } = launch.service;
  if (LISTEN_FDS !== undefined && Number(LISTEN_PID) !== process.pid)
    log.warn({ for: LISTEN_PID }, 'LISTEN_FDS is meant for another process');
  const inherited = new Inherited(inheritedSockets(launch.service, process.pid));
  return openListeners(settings.listen, settings.workers, inherited, credentials);
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
