// The hand-over from one program of the monitor to the next in a hot restart: plain data, in JSON,
// with the numbers of descriptors that survive the exec. Times are relative to the moment of the
// hand-over, because each program has its own clock.
import { closeSync, readFileSync } from 'node:fs';
import type { HeldPort } from '../../system/held-port.js';
import { native } from '../../system/native.js';
import type { HeldChannel } from '../children/children.js';
import type { HeldControl } from '../control/control.js';
import type { FleetRecord } from '../fleet/fleet.js';
import type { HeldListener } from '../sockets/listeners.js';
import type { MeasurementsRecord } from '../observe/measurements.js';

/** Incremented when hand-overs of earlier releases can no longer be read. */
export const handOverFormat = 3;

export interface HandOver {
  readonly fleet: FleetRecord;
  /** The configured number: an operator's change is kept while this stays the same. */
  readonly configuredWorkers: number;
  readonly channels: readonly HeldChannel[];
  readonly listeners: readonly HeldListener[];
  readonly control: HeldControl;
  readonly remoteControl: HeldPort | null;
  readonly metrics: HeldPort | null;
  readonly pidfile: string | null;
  /** PITCHFORK_TOKEN, which is no longer in the environment. Earlier releases left it there. */
  readonly token?: string | null;
  readonly measurements: MeasurementsRecord;
  readonly logLinesDropped: number;
}

/** All descriptors of a hand-over. */
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
 * Reads the predecessor's hand-over, and closes its file. Must come before the configuration is
 * loaded: a process started by that would inherit every descriptor.
 */
export function readHandOver(fd: number): HandOver {
  const handOver = JSON.parse(readFileSync(`/proc/self/fd/${fd}`, 'utf8')) as HandOver;
  closeSync(fd);
  native.closeOnExec(descriptorsOf(handOver));
  return handOver;
}

export function wantedWorkers(
  { fleet, configuredWorkers }: HandOver,
  { workers, single }: { readonly workers: number; readonly single: boolean },
): number {
  return workers === configuredWorkers && !single ? fleet.workers : workers;
}
