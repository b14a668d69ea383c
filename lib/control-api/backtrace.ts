// The answer to GET /backtrace: the current activity of every process.
import type { RequestInfo, Role } from '../api/hooks.js';

export interface ProcessTrace {
  readonly role: Role;
  /** null for all but workers. */
  readonly slot: number | null;
  readonly generation: number;
  readonly phase: number;
  readonly pid: number;
  /** Its state, in words. */
  readonly doing: string;
  /** Number of active resources by type (process.getActiveResourcesInfo()); null if unknown. */
  readonly resources: Readonly<Record<string, number>> | null;
  /** Requests in flight; null if unknown. */
  readonly requests: readonly RequestInfo[] | null;
  /** The JavaScript stack that blocks its event loop; null if it is not blocked, or unknown. */
  readonly stack: string | null;
}

export interface Backtrace {
  /** The monitor's pid. */
  readonly pid: number;
  readonly processes: readonly ProcessTrace[];
}
