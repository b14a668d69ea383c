// What every command gets from the command line.
import type { Overrides } from '../config/overrides.js';

export interface Invocation {
  /** The configuration file as given, if it was. */
  readonly config: string | undefined;
  readonly overrides: Overrides;
  /** --wait */
  readonly wait: boolean;
}
