// The setting of a story in the simulated world: the configuration, and the faults in it.
import type { Settings } from '../../lib/config/settings.js';
import type { Finding } from '../../lib/protocol/finding.js';

export const settings = {
  workers: 3,
  single: false,
  reforkAfter: [],
  refork: { drainTimeoutMs: 500, backoffMs: 1_000, canaryMs: 200, maxUnavailable: 1 },
  phasedRestart: { canaryMs: 400 },
  rollback: { windowMs: 2_000, automatic: true },
  spawnTimeoutMs: 1_000,
  heartbeatTimeoutMs: 2_000,
  shutdownTimeoutMs: 1_000,
  maxConsecutiveSpawnErrors: false,
  hooks: { beforeServiceWorkerReady: [] },
} as unknown as Settings;

export const withService: Settings = {
  ...settings,
  hooks: { ...settings.hooks, beforeServiceWorkerReady: [() => undefined] },
};

/** The form that `workers: 0` takes. */
export const single: Settings = { ...settings, workers: 1, single: true };

/** Probabilities per process and tick. */
export interface Faults {
  readonly death: number;
  readonly hang: number;
  readonly refusal: number;
  /** Refusal by the audit of a process that is to become a mold. */
  readonly unfit: number;
  /** Exit of a worker by the app, in good order. */
  readonly exit: number;
  /** Failed start of the service worker. */
  readonly service: number;
}

const none = { death: 0, hang: 0, refusal: 0, unfit: 0, exit: 0, service: 0 };
export const noFaults: Faults = Object.freeze(none);

export const finding: Finding = {
  subject: 'sharp',
  version: '1.0.0',
  severity: 'refuse',
  found: 'runs a thread',
  breaks: 'it hangs',
  remedy: 'use it in another process',
  evidence: null,
};
