// The monitor's log. It is an aid, never a dependency: a full disk, a closed pipe or a reader that has stopped reading
// costs lines, which are counted, but neither ends nor delays the monitor.
import type { Settings } from '../config/settings.js';

export interface Log {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
  fatal(fields: object, text: string): void;
  /** Writes what is buffered before it returns, for at most a moment: for the last line of a process. */
  flush(): void;
  /** Lines that could not be written since the start. */
  dropped(): number;
}

/** What every line about a child carries. */
export interface ChildFields {
  readonly role: 'mold' | 'worker';
  readonly slot: number | null;
  readonly generation: number;
  readonly phase: number;
  readonly pid: number;
}

export declare function createLog(settings: Settings['log']): Log;
