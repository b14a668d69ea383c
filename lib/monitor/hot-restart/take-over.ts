// A hot restart, the side of the program that comes: what was handed over is opened again. The
// configuration was tried out before, so what fails now is told and done without: children serve.
import { messageOf } from '../../base/error-text.js';
import type { RemoteControl, Settings } from '../../config/settings.js';
import { isSamePort, type HeldPort } from '../../system/held-port.js';
import {
  listenForMetrics,
  serveMetrics,
  type MetricsAddress,
  type MetricsContent,
  type MetricsServer,
} from '../../metrics/server.js';
import { native } from '../../system/native.js';
import { succession } from '../../system/launch.js';
import { listenForControl, serveControl, type Commands, type Control } from '../control/control.js';
import type { Credentials } from '../../system/credentials.js';
import { descriptorsOf, readHandOver, wantedWorkers, type HandOver } from './hand-over.js';
import { Listeners } from '../sockets/listeners.js';
import { createLog, type Log } from '../log/log.js';
import { pidFile, writePidFile, type PidFile } from '../control/pid-file.js';
import {
  listenForRemoteControl,
  permission,
  serveRemoteControl,
  type OpenRemoteControl,
} from '../control/remote-control.js';
import { heldSocket } from '../sockets/unix-path.js';

/**
 * Undefined in a program that nobody was before. To be called before the configuration is loaded,
 * since what that starts would inherit everything.
 */
export function takeOver(): HandOver | undefined {
  if (!succession) return undefined;
  const before = readHandOver(succession.fd);
  native.closeOnExec(descriptorsOf(before));
  return before;
}

/** On standard output if its file cannot be had. */
export function takeOverLog(before: HandOver, settings: Settings['log']): Log {
  try {
    return createLog(settings, before.logLinesDropped);
  } catch (error) {
    const log = createLog({ ...settings, file: null }, before.logLinesDropped);
    tell(log, error);
    return log;
  }
}

export async function takeOverListeners(
  before: HandOver,
  settings: Settings,
  credentials: Credentials | undefined,
  log: Log,
): Promise<Listeners> {
  const listeners = new Listeners(credentials, before.listeners);
  const { code, queues } = before.fleet;
  const count = Math.max(queues, wantedWorkers(before, settings));
  for (const address of listeners.keep(settings.listen, code.phase))
    await orTell(log, () => listeners.open(address, count));
  await orTell(log, () => listeners.grow(count));
  return listeners;
}

export async function takeOverControl(
  { control: held }: HandOver,
  path: string,
  commands: Commands,
  log: Log,
): Promise<Control> {
  const moved = path === held.path ? null : await orTell(log, () => listenForControl(path));
  if (!moved) return serveControl(held, commands, log);
  heldSocket(held.path, held).unlink();
  native.closeDescriptor(held.fd);
  return serveControl(moved, commands, log);
}

/** Whatever the configuration says now is for operators, who can do without it for a while. */
export async function takeOverRemoteControl(
  { remoteControl: held }: HandOver,
  wanted: RemoteControl | null,
  commands: Commands,
  log: Log,
): Promise<OpenRemoteControl | null> {
  const port = await takeOverPort(held, wanted, listenForRemoteControl, log);
  if (!wanted || !port) return null;
  const isAllowed = await orTell(log, () => permission(wanted));
  if (isAllowed) return serveRemoteControl(port, isAllowed, commands, log);
  native.closeDescriptor(port.fd);
  return null;
}

export async function takeOverMetrics(
  { metrics: held }: HandOver,
  wanted: MetricsAddress | null,
  content: MetricsContent,
  log: Log,
): Promise<MetricsServer | null> {
  const port = await takeOverPort(held, wanted, listenForMetrics, log);
  return wanted && port && serveMetrics(port, wanted.path, content);
}

/** The process is the same: only a file elsewhere is to be written. */
export async function takeOverPidFile(
  { pidfile: held }: HandOver,
  wanted: string | null,
  log: Log,
): Promise<PidFile | null> {
  if (held !== null && held !== wanted) pidFile(held).close();
  if (wanted === null) return null;
  return held === wanted ? pidFile(wanted) : orTell(log, () => writePidFile(wanted));
}

async function takeOverPort<Wanted extends { host: string; port: number }>(
  held: HeldPort | null,
  wanted: Wanted | null,
  listen: (wanted: Wanted) => Promise<HeldPort>,
  log: Log,
): Promise<HeldPort | null> {
  if (held && isSamePort(held, wanted)) return held;
  if (held) native.closeDescriptor(held.fd);
  return wanted && orTell(log, () => listen(wanted));
}

async function orTell<T>(log: Log, act: () => Promise<T> | T): Promise<T | null> {
  try {
    return await act();
  } catch (error) {
    tell(log, error);
    return null;
  }
}

function tell(log: Log, error: unknown): void {
  const reason = messageOf(error);
  log.error({ reason }, 'not everything could be taken over');
}
