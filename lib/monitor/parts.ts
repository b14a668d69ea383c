// What a monitor is put together from.
import type { Overrides } from '../config/overrides.js';
import type { Settings } from '../config/settings.js';
import type { Credentials } from '../system/credentials.js';
import type { Endpoints } from './control/endpoints.js';
import type { ServiceManager } from './control/service-manager.js';
import type { Log } from './log/log.js';
import type { Listeners } from './sockets/listeners.js';

export interface MonitorParts {
  readonly settings: Settings;
  readonly overrides: Overrides;
  readonly listeners: Listeners;
  readonly log: Log;
  /** Who the app runs as; undefined: as the monitor. */
  readonly credentials: Credentials | undefined;
  readonly serviceManager: ServiceManager;
  readonly endpoints: Endpoints;
}
