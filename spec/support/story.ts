// What a story in the simulated world begins with: the configuration, and what goes wrong in it.
import type { Settings } from '../../lib/config/settings.js';
import type { Finding } from '../../lib/protocol/finding.js';

export const settings = {
  workers: 3,
  single: false,
  reforkAfter: [],
  refork: { drainTimeoutMs: 500, backoffMs: 1_000, canaryMs: 200, maxUnavailable: 1 },
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

/** As `workers: 0` becomes it. */
export const single: Settings = { ...settings, workers: 1, single: true };

/** Probabilities per process and tick. */
export interface Faults {
  readonly death: number;
  readonly hang: number;
  readonly refusal: number;
  /** That the audit of a process that is to be a mold refuses it. */
  readonly unfit: number;
  /** That the app ends a worker, in good order. */
  readonly exit: number;
  /** That a start of the service worker fails. */
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
