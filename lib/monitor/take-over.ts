// A hot restart, the side of the program that comes: what was handed over is opened again. The
// configuration was tried out before, so what fails now is told and done without: children serve.
import type { Settings } from '../config/settings.js';
import {
  listenForMetrics,
  serveMetrics,
  type MetricsContent,
  type MetricsServer,
} from '../metrics/server.js';
import { native } from '../native.js';
import { succession } from '../origin.js';
import { listenForControl, serveControl, type Commands, type Control } from './control.js';
import { descriptorsOf, readHandOver, wantedWorkers, type HandOver } from './hand-over.js';
import { Listeners } from './listeners.js';
import type { Log } from './log.js';
import { heldSocket } from './unix-path.js';

/** Undefined in a program that nobody was before. */
export function takeOver(): HandOver | undefined {
  if (!succession) return undefined;
  const before = readHandOver(succession.fd);
  native.closeOnExec(descriptorsOf(before));
  return before;
}

export async function takeOverListeners(
  before: HandOver,
  settings: Settings,
  log: Log,
): Promise<Listeners> {
  const listeners = new Listeners(before.listeners);
  const { phase, queues } = before.fleet;
  const count = Math.max(queues, wantedWorkers(before, settings));
  for (const address of listeners.keep(settings.listen, phase))
    await orTell(log, () => listeners.open(address, count));
  await orTell(log, async () => listeners.grow(count));
  return listeners;
}

export async function takeOverControl(
  { control: held }: HandOver,
  path: string,
  commands: Commands,
  log: Log,
): Promise<Control> {
  const moved = path === held.path ? undefined : await orTell(log, () => listenForControl(path));
  if (!moved) return serveControl(held, commands, log);
  heldSocket(held.path, held).unlink();
  native.closeDescriptor(held.fd);
  return serveControl(moved, commands, log);
}

export async function takeOverMetrics(
  { metrics: held }: HandOver,
  wanted: Exclude<Settings['metrics'], false> | null,
  content: MetricsContent,
  log: Log,
): Promise<MetricsServer | undefined> {
  if (held && wanted && held.host === wanted.host && held.port === wanted.port)
    return serveMetrics(held, wanted.path, content);
  if (held) native.closeDescriptor(held.fd);
  const opened = wanted && (await orTell(log, () => listenForMetrics(wanted)));
  return opened ? serveMetrics(opened, wanted.path, content) : undefined;
}

async function orTell<T>(log: Log, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    log.error({ reason: String(error) }, 'not everything could be taken over');
    return undefined;
  }
}
