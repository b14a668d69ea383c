// The parts that a monitor starts with, opened afresh or taken over from a predecessor.
import type { HeldChannel } from '../children/children.js';
import type { HeldEndpoints } from '../control/endpoints.js';
import type { ServiceManager } from '../control/service-manager.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Log } from '../log/log.js';
import type { MeasurementsRecord } from '../observe/measurements.js';
import type { Listeners } from '../sockets/listeners.js';

export interface Opened {
  readonly log: Log;
  readonly serviceManager: ServiceManager;
  readonly listeners: Listeners;
  readonly endpoints: HeldEndpoints;
  readonly fleet: Fleet;
  /** Channels of children that run already: none at a fresh start. */
  readonly channels: readonly HeldChannel[];
  /** Measurements of a predecessor. */
  readonly measurementsRecord: MeasurementsRecord | undefined;
}
