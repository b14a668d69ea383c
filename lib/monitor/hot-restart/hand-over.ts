// What a hot restart takes from one program of the monitor to the next: plain data, in JSON, with
// the numbers of descriptors that outlive the exec. Pure, but for reading it. Times are ages at the
// moment of the hand-over, since each program has a clock of its own.
import { closeSync, readFileSync } from 'node:fs';
import type { HeldPort } from '../../system/held-port.js';
import type { HeldChannel } from '../children/children.js';
import type { HeldControl } from '../control/control.js';
import type { FleetRecord } from '../fleet/fleet.js';
import type { HeldListener } from '../sockets/listeners.js';
import type { MeasurementsRecord } from '../observe/measurements.js';

/** Changes whenever a program of before could not be understood. */
export const handOverFormat = 2;

export interface HandOver {
  readonly fleet: FleetRecord;
  /** As configured: a number that an operator changed since is kept while this stays the same. */
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

/** Closes the file that it is read from. */
export function readHandOver(fd: number): HandOver {
  const handOver = JSON.parse(readFileSync(`/proc/self/fd/${fd}`, 'utf8')) as HandOver;
  closeSync(fd);
  return handOver;
}

export function wantedWorkers(
  { fleet, configuredWorkers }: HandOver,
  { workers, single }: { readonly workers: number; readonly single: boolean },
): number {
  return workers === configuredWorkers && !single ? fleet.workers : workers;
}
