// All messages between the monitor and its children. Reports are facts, orders are imperatives;
// each is one line of JSON and safe to receive twice. Descriptors accompany only `boot` and `spawn`
// (see channel.ts). Types only: children do not load the schema of reports.
import type { z } from 'zod';
import type { Role } from '../api/hooks.js';
import type { reportSchema } from './reports.js';

/** The app's metrics, as metric-snapshot.ts writes them; opaque here. */
export type MetricSnapshot = unknown[];

/** Monitor to child. */
export type Order =
  /**
   * To a fresh process: load the configuration and the app, and become the mold of a new phase; or,
   * where the app cannot be forked, the service worker, or a worker with a slot and its listening
   * sockets.
   */
  | {
      type: 'boot';
      file: string;
      overrides: object;
      phase: number;
      generation: number;
      role: Role;
      slot: number | null;
    }
  /**
   * To a mold: fork a worker, or without a slot the service worker. The first descriptor is its
   * channel, the second attests its pid (native.witnessPair); a worker's listening
   * sockets follow.
   */
  | { type: 'spawn'; id: number; slot: number | null }
  /** To a worker: become the mold of this generation. */
  | { type: 'promote'; generation: number }
  /** To a worker: finish the requests in flight and exit. */
  | { type: 'drain' }
  /** To a worker: the server is about to stop; keep serving until the order to drain. */
  | { type: 'announceStop' }
  /** To a worker: collect garbage now. */
  | { type: 'collectGarbage' }
  /** To a mold: exit, as the last process of its phase or as one with successors. */
  | { type: 'retire'; last: boolean }
  /** To a worker: prove that a fork works (`pitchfork-ts check`). */
  | { type: 'exercise' }
  /** To a worker: report its current activity. */
  | { type: 'trace' }
  /** To a worker: report the app's metrics. */
  | { type: 'measure'; request: number };

/** Child to monitor. */
export type Report = z.infer<typeof reportSchema>;

export type ReportOf<Type extends Report['type']> = Extract<Report, { type: Type }>;

export type Figures = ReportOf<'heartbeat'>['figures'];

export type RequestDeadline = ReportOf<'overran'>['request'];
