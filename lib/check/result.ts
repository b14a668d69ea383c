// What `pitchfork-ts check` finds out.
import type { Finding } from '../protocol/finding.js';
import type { Trial } from '../protocol/trial.js';

export interface CheckResult {
  /** Exit code 0. */
  readonly safe: boolean;
  /** The app's module. */
  readonly app: string;
  readonly node: string;
  /** Why there is no canary, or what became of it; null if all went well. */
  readonly failure: string | null;
  /** Of the audit before the fork, and of the one in a fork that has served. */
  readonly findings: readonly Finding[];
  /** Connections that the app held when it was loaded, and that were cut. */
  readonly cut: readonly string[];
  /** Milliseconds that the fork took; null if there was none. */
  readonly forkMs: number | null;
  readonly trials: readonly Trial[];
}
