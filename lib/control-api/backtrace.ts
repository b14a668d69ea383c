// What GET /backtrace answers: what every process is doing just now.
import type { Role } from '../api/hooks.js';
import type { RequestInfo } from '../api/hooks.js';

export interface ProcessTrace {
  readonly role: Role;
  readonly slot: number | null;
  readonly generation: number;
  readonly phase: number;
  readonly pid: number;
  /** What it is at, in words. */
  readonly doing: string;
  /** How many there are of each type of what Node waits for; null: not known. */
  readonly resources: Readonly<Record<string, number>> | null;
  readonly requests: readonly RequestInfo[] | null;
  /** The JavaScript that keeps its event loop from turning. */
  readonly stack: string | null;
}

export interface Backtrace {
  /** The monitor's. */
  readonly pid: number;
  readonly processes: readonly ProcessTrace[];
}
