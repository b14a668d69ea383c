// The control API: HTTP over a unix socket that only our own user can open. Nothing that a client sends, or fails to
// send, can end the monitor or make it wait.
import type { Log } from './log.js';
import type { Stats } from './stats.js';

export type Outcome =
  | { readonly ok: true; readonly [detail: string]: unknown }
  | { readonly ok: false; readonly error: string };

/** What the monitor does when asked. With `wait` the outcome is that of the whole undertaking, else of its beginning. */
export interface Commands {
  stats(): Promise<Stats>;
  refork(wait: boolean): Promise<Outcome>;
  /** Graceful. */
  stop(wait: boolean): Promise<Outcome>;
  /** Immediate. */
  halt(): Promise<Outcome>;
  addWorker(): Promise<Outcome>;
  removeWorker(): Promise<Outcome>;
}

export interface Control {
  readonly path: string;
  close(): Promise<void>;
}

export declare function openControl(path: string, commands: Commands, log: Log): Promise<Control>;
