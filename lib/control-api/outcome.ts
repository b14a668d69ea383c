// The outcome of an operation, or the reason for its refusal: the answer to every operation.
export type Outcome =
  | { readonly ok: true; readonly [detail: string]: unknown }
  | { readonly ok: false; readonly error: string };

/** The details of a rollout that succeeded. */
export interface RolledOut {
  readonly phase: number;
  readonly generation: number;
  /** The number of slots. */
  readonly workers: number;
  readonly ms: number;
  /** The trial that the canary has passed; null where nothing had to be proven. */
  readonly canary: { readonly ms: number; readonly requests: number } | null;
  /** The reasons why earlier attempts of the same request failed. */
  readonly failedAttempts: readonly string[];
  /** Options changed in the configuration that only a restart of the monitor applies. */
  readonly notApplied: readonly string[];
}
