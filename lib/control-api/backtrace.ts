// The answer to GET /backtrace: the current activity of every process.
import type { Role } from '../api/hooks.js';
import type { TracedRequest } from '../protocol/message.js';

export interface ProcessTrace {
  readonly role: Role;
  readonly slot: number | null;
  readonly generation: number;
  readonly phase: number;
  readonly pid: number;
  /** Its current activity, in words. */
  readonly doing: string;
  /** How many there are of each type of what Node waits for; null: not known. */
  readonly resources: Readonly<Record<string, number>> | null;
  readonly requests: readonly TracedRequest[] | null;
  /** The JavaScript that blocks its event loop. */
  readonly stack: string | null;
}

export interface Backtrace {
  /** The monitor's. */
  readonly pid: number;
  readonly processes: readonly ProcessTrace[];
}
