// The parts of a monitor: the settings, and everything that was opened or taken over for it.
import type { Overrides } from '../config/overrides.js';
import type { Settings } from '../config/settings.js';
import type { Credentials } from '../system/credentials.js';
import type { Opened } from './start/opened.js';

export interface MonitorParts extends Opened {
  readonly settings: Settings;
  readonly overrides: Overrides;
  /** The app's user; undefined: the monitor's. */
  readonly credentials: Credentials | undefined;
}
