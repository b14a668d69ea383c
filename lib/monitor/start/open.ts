// A fresh start: opens the log, the sockets and the pid file. In the end either all of them are
// open, or none.
import type { Settings } from '../../config/settings.js';
import { listenForMetrics } from '../../metrics/server.js';
import type { Credentials } from '../../system/credentials.js';
import { launch } from '../../system/launch.js';
import { native } from '../../system/native.js';
import { listenForControl, releaseControl } from '../control/control.js';
import type { HeldEndpoints } from '../control/endpoints.js';
import { writePidFile } from '../control/pid-file.js';
import { openRemoteControl } from '../control/remote-control.js';
import { ServiceManager } from '../control/service-manager.js';
import { Fleet } from '../fleet/fleet.js';
import { createLog, type Log } from '../log/log.js';
import { Inherited, inheritedSockets } from '../sockets/inherited.js';
import { openListeners, type Listeners } from '../sockets/listeners.js';
import type { Opened } from './opened.js';

/** Registers a close function, for the case that a later part cannot be opened. */
type Keep = <T>(opened: T, close: (opened: T) => void) => T;

/** Throws a UserError at the first part that cannot be opened. */
export async function open(
  settings: Settings,
  credentials: Credentials | undefined,
): Promise<Opened> {
  const log = createLog(settings.log);
  const closings = [() => log.flush()];
  const keep: Keep = (opened, close) => {
    closings.push(() => close(opened));
    return opened;
  };
  try {
    const serviceManager = keep(new ServiceManager(launch.service, log, 'starting'), close);
    const listeners = keep(await listen(settings, credentials, log), close);
    const endpoints = await openEndpoints(settings, keep);
    const { workers, single, refork, rollback } = settings;
    const fleet = new Fleet({ workers, single, backoffMs: refork.backoffMs, rollback });
    const nothing = { channels: [], measurementsRecord: undefined };
    return { log, serviceManager, listeners, endpoints, fleet, ...nothing };
  } catch (error) {
    for (const undo of closings.reverse()) undo();
    throw error;
  }
}

async function openEndpoints(settings: Settings, keep: Keep): Promise<HeldEndpoints> {
  const { remoteControl, pidfile, metrics } = settings;
  return {
    control: keep(await listenForControl(settings.control), releaseControl),
    remoteControl:
      remoteControl &&
      keep(await openRemoteControl(remoteControl), ({ port }) => native.closeDescriptor(port.fd)),
    pidFile: pidfile === null ? null : keep(writePidFile(pidfile), close),
    metrics: metrics ? { port: await listenForMetrics(metrics), path: metrics.path } : null,
  };
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

const close = (one: { close(): void }): void => one.close();
