// What every command gets from the command line.
import type { Overrides } from '../../config/overrides.js';

export interface Remote {
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

export interface Invocation {
  /** The configuration file as given, if it was. */
  readonly config: string | undefined;
  readonly overrides: Overrides;
  /** --control http://…: a server that is asked over TCP. */
  readonly remote: Remote | null;
  /** --wait */
  readonly wait: boolean;
}
