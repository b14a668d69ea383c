// The start of a hot restart's next program: it takes over everything that its predecessor held.
// The configuration has been tried before. A part that fails now is logged and left out, because
// the children keep serving.
import { messageOf } from '../../base/error-text.js';
import type { Settings } from '../../config/settings.js';
import { listenForMetrics } from '../../metrics/server.js';
import type { Credentials } from '../../system/credentials.js';
import { isSamePort, type HeldPort } from '../../system/held-port.js';
import { launch } from '../../system/launch.js';
import { native } from '../../system/native.js';
import { listenForControl, releaseControl, type HeldControl } from '../control/control.js';
import type { HeldEndpoints } from '../control/endpoints.js';
import { pidFile, writePidFile, type PidFile } from '../control/pid-file.js';
import {
  listenForRemoteControl,
  permission,
  type HeldRemoteControl,
} from '../control/remote-control.js';
import { ServiceManager } from '../control/service-manager.js';
import { Fleet } from '../fleet/fleet.js';
import { createLog, type Log } from '../log/log.js';
import { Listeners } from '../sockets/listeners.js';
import type { Opened } from '../start/opened.js';
import { wantedWorkers, type HandOver } from './hand-over.js';

export async function takeOver(
  handOver: HandOver,
  settings: Settings,
  credentials: Credentials | undefined,
): Promise<Opened> {
  const log = takeOverLog(handOver, settings.log);
  const serviceManager = new ServiceManager(launch.service, log, 'restarting');
  const listeners = await takeOverListeners(handOver, settings, credentials, log);
  const endpoints = await takeOverEndpoints(handOver, settings, log);
  const { channels, measurements: measurementsRecord } = handOver;
  // Last, since its clocks start here.
  const fleet = takeOverFleet(handOver, settings);
  return { log, serviceManager, listeners, endpoints, fleet, channels, measurementsRecord };
}

/** Logs to standard output if the file cannot be opened. */
function takeOverLog({ logLinesDropped }: HandOver, settings: Settings['log']): Log {
  try {
    return createLog(settings, logLinesDropped);
  } catch (error) {
    const log = createLog({ ...settings, file: null }, logLinesDropped);
    logFailure(log, error);
    return log;
  }
}

async function takeOverListeners(
  handOver: HandOver,
  settings: Settings,
  credentials: Credentials | undefined,
  log: Log,
): Promise<Listeners> {
  const listeners = new Listeners(credentials, handOver.listeners);
  const { code, queues } = handOver.fleet;
  const count = Math.max(queues, wantedWorkers(handOver, settings));
  for (const address of listeners.keep(settings.listen, code.phase))
    await attempt(log, () => listeners.open(address, count));
  await attempt(log, () => listeners.grow(count));
  return listeners;
}

async function takeOverEndpoints(
  handOver: HandOver,
  settings: Settings,
  log: Log,
): Promise<HeldEndpoints> {
  return {
    control: await takeOverControl(handOver.control, settings.control, log),
    remoteControl: await takeOverRemoteControl(handOver.remoteControl, settings.remoteControl, log),
    pidFile: await takeOverPidFile(handOver.pidfile, settings.pidfile, log),
    metrics: await takeOverMetrics(handOver.metrics, settings.metrics || null, log),
  };
}

async function takeOverControl(held: HeldControl, path: string, log: Log): Promise<HeldControl> {
  const moved = path === held.path ? null : await attempt(log, () => listenForControl(path));
  if (!moved) return held;
  releaseControl(held);
  return moved;
}

async function takeOverRemoteControl(
  held: HeldPort | null,
  wanted: Settings['remoteControl'],
  log: Log,
): Promise<HeldRemoteControl | null> {
  const port = await takeOverPort(held, wanted, listenForRemoteControl, log);
  if (!wanted || !port) return null;
  const isAllowed = await attempt(log, () => permission(wanted));
  if (isAllowed) return { port, isAllowed };
  native.closeDescriptor(port.fd);
  return null;
}

async function takeOverMetrics(
  held: HeldPort | null,
  wanted: Exclude<Settings['metrics'], false> | null,
  log: Log,
): Promise<HeldEndpoints['metrics']> {
  const port = await takeOverPort(held, wanted, listenForMetrics, log);
  return wanted && port && { port, path: wanted.path };
}

/** The process is the same, so a file is written only if its path has changed. */
async function takeOverPidFile(
  held: string | null,
  wanted: string | null,
  log: Log,
): Promise<PidFile | null> {
  if (held !== null && held !== wanted) pidFile(held).close();
  if (wanted === null) return null;
  return held === wanted ? pidFile(wanted) : attempt(log, () => writePidFile(wanted));
}

async function takeOverPort<Wanted extends { host: string; port: number }>(
  held: HeldPort | null,
  wanted: Wanted | null,
  listen: (wanted: Wanted) => Promise<HeldPort>,
  log: Log,
): Promise<HeldPort | null> {
  if (held && isSamePort(held, wanted)) return held;
  if (held) native.closeDescriptor(held.fd);
  return wanted && attempt(log, () => listen(wanted));
}

/** The phased restart brings new code, a new Node and a new configuration to the workers too. */
function takeOverFleet(handOver: HandOver, settings: Settings): Fleet {
  const workers = wantedWorkers(handOver, settings);
  const { single, refork, rollback } = settings;
  const now = performance.now();
  const options = { workers, single, backoffMs: refork.backoffMs, rollback };
  const fleet = Fleet.restore(handOver.fleet, options, now);
  fleet.rollouts.request('phased restart', 'hot restart', now);
  return fleet;
}

/** Null after a failure, which is logged. */
async function attempt<T>(log: Log, act: () => Promise<T> | T): Promise<T | null> {
  try {
    return await act();
  } catch (error) {
    logFailure(log, error);
    return null;
  }
}

function logFailure(log: Log, error: unknown): void {
  log.error({ reason: messageOf(error) }, 'take-over incomplete');
}
