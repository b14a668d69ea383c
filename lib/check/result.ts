// The result of `pitchfork-ts check`.
import type { Finding } from '../protocol/finding.js';
import type { Trial } from '../protocol/trial.js';

export interface CheckedTrial extends Trial {
  /** It succeeded, but with a remark to read. */
  readonly warns?: true;
}

export interface CheckResult {
  /** Whether the app can be forked; exit code 0 then, 1 otherwise. */
  readonly safe: boolean;
  /** The path of the app's module. */
  readonly app: string;
  /** Node's version, for example '20.20.2'. */
  readonly node: string;
  /** The reason why there is no fork, or why it failed; null if all went well. */
  readonly failure: string | null;
  /** Findings of the audits at the boot, and at the promotion of a fork that has served. */
  readonly findings: readonly Finding[];
  /** Connections opened by the app, which were cut before a fork. */
  readonly cut: readonly string[];
  /** Duration of the first fork, in milliseconds; null if there was none. */
  readonly forkMs: number | null;
  readonly trials: readonly CheckedTrial[];
}
