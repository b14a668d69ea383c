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

/** Changes whenever a hand-over of an earlier release could no longer be read. */
export const handOverFormat = 2;

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

export function wantedWorkers(
  { fleet, configuredWorkers }: HandOver,
  { workers, single }: { readonly workers: number; readonly single: boolean },
): number {
  return workers === configuredWorkers && !single ? fleet.workers : workers;
}
