// The input of every command: its command line and the environment.
import type { RequestTexts } from '../../check/request.js';
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
  /** --control http://…: a server that is reached over TCP. */
  readonly remote: Remote | null;
  /** --wait */
  readonly wait: boolean;
  /** --json */
  readonly json: boolean;
  /** --request, --header, --body: the requests to the forks of `check`. */
  readonly requests: RequestTexts;
}
