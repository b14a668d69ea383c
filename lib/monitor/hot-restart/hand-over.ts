// The hand-over from one program of the monitor to the next in a hot restart: plain data, in JSON,
// with the numbers of descriptors that survive the exec. Times are relative to the moment of the
// hand-over, because each program has its own clock.
import { closeSync, readFileSync } from 'node:fs';
import type { HeldPort } from '../../system/held-port.js';
import { native } from '../../system/native.js';
import type { Child } from '../fleet/child.js';
import type { HeldChannel } from '../children/children.js';
import type { HeldControl } from '../control/control.js';
import { Fleet, type FleetOptions } from '../fleet/fleet.js';
import type { HeldListener } from '../sockets/listeners.js';
import type { MeasurementsRecord } from '../observe/measurements.js';
import { singleMode, type Unforkable } from '../fleet/rollouts.js';

/** Changes whenever a hand-over of an earlier release could no longer be read. */
export const handOverFormat = 1;

export interface FleetRecord {
  readonly workers: number;
  readonly queues: number;
  readonly phase: number;
  readonly restarts: number;
  readonly loaded: boolean;
  readonly booted: boolean;
  readonly spawnErrors: number;
  readonly lastSpawnError: string | null;
  readonly reforks: number;
  readonly nextGeneration: number;
  readonly nextId: number;
  readonly unforkable: Unforkable | null;
  readonly lastError: string | null;
  readonly notBeforeIn: number;
  readonly children: readonly Child[];
}

export interface HandOver {
  readonly fleet: FleetRecord;
  /** As configured: while this is the same, a number that an operator has changed is kept. */
  readonly configuredWorkers: number;
  readonly channels: readonly HeldChannel[];
  readonly listeners: readonly HeldListener[];
  readonly control: HeldControl;
  readonly remoteControl: HeldPort | null;
  readonly metrics: HeldPort | null;
  readonly pidfile: string | null;
  readonly measurements: MeasurementsRecord;
  readonly logLinesDropped: number;
}

/** Every descriptor in it. */
export function descriptorsOf(handOver: HandOver): number[] {
  const { channels, listeners, control, remoteControl, metrics } = handOver;
  return [
    ...channels.map(({ fd }) => fd),
    ...listeners.flatMap(({ tcp }) => tcp.flatMap(({ fds }) => fds)),
    ...listeners.flatMap(({ unix }) => unix?.fd ?? []),
    control.fd,
    ...[remoteControl, metrics].flatMap((held) => held?.fd ?? []),
  ];
}

/**
 * Reads the predecessor's hand-over, and closes its file. To be called before the configuration is
 * loaded: processes started by that would inherit every descriptor.
 */
export function readHandOver(fd: number): HandOver {
  const handOver = JSON.parse(readFileSync(`/proc/self/fd/${fd}`, 'utf8')) as HandOver;
  closeSync(fd);
  native.closeOnExec(descriptorsOf(handOver));
  return handOver;
}

export function recordFleet(fleet: Fleet, now: number): FleetRecord {
  const { workers, queues, phase, restarts, loaded, booted, spawnErrors, lastSpawnError } = fleet;
  const { reforks, nextGeneration, nextId, unforkable } = fleet;
  return {
    ...{ workers, queues, phase, restarts, loaded, booted, spawnErrors, lastSpawnError },
    ...{ reforks, nextGeneration, nextId, unforkable },
    lastError: fleet.rollouts.lastError,
    notBeforeIn: fleet.notBefore - now,
    children: [...fleet.children.values()].map((child) => shifted(child, -now)),
  };
}

/** The restart itself is one more; what is under way or wanted does not outlive it. */
export function restoreFleet(record: FleetRecord, options: FleetOptions, now: number): Fleet {
  const fleet = new Fleet(options);
  const { phase, loaded, booted, spawnErrors, lastSpawnError } = record;
  const { reforks, nextGeneration, nextId, unforkable } = record;
  Object.assign(fleet, { phase, loaded, booted, spawnErrors, lastSpawnError });
  Object.assign(fleet, { reforks, nextGeneration, nextId });
  // Single mode is a matter of the configuration, not of what was found out.
  if (!fleet.single && unforkable?.reason !== singleMode.reason) fleet.unforkable = unforkable;
  fleet.restarts = record.restarts + 1;
  fleet.queues = Math.max(record.queues, options.workers);
  fleet.notBefore = now + record.notBeforeIn;
  fleet.rollouts.lastError = record.lastError;
  for (const child of record.children) fleet.children.set(child.id, shifted(child, now));
  return fleet;
}

function shifted(child: Child, by: number): Child {
  return {
    ...child,
    stateSince: child.stateSince + by,
    createdAt: child.createdAt + by,
    lastHeard: child.lastHeard + by,
    hungUpAt: child.hungUpAt === null ? null : child.hungUpAt + by,
    stackRequestedAt: child.stackRequestedAt === null ? null : child.stackRequestedAt + by,
    nextDeadline: child.nextDeadline && { ...child.nextDeadline, at: child.nextDeadline.at + by },
  };
}

export function wantedWorkers(
  { fleet, configuredWorkers }: HandOver,
  { workers, single }: { readonly workers: number; readonly single: boolean },
): number {
  return workers === configuredWorkers && !single ? fleet.workers : workers;
}
