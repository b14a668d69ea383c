// The decisions of the plan, and their effects.
import type { ExitReason } from '../../control-api/exit-reason.js';
import type { Order } from '../../protocol/message.js';
import type { Child } from '../fleet/child.js';
import type { Attempt, RolloutKind } from '../fleet/rollouts.js';

/** A decision of the plan. */
export type Action =
  | { type: 'boot' }
  /** Load the code from disk again, for a phased restart. */
  | { type: 'bootNext' }
  /** Boot a worker of its own, where the app cannot be forked. Slot null: the service worker. */
  | { type: 'bootWorker'; slot: number | null; canary: boolean }
  | { type: 'spawn'; mold: number; slot: number | null; canary: boolean }
  /** Make this worker the next mold. */
  | { type: 'choose'; child: number; reason: string }
  | { type: 'promote'; child: number; generation: number }
  /** The canary is healthy. */
  | { type: 'prove' }
  | { type: 'drain'; child: number }
  /** Announce the coming stop to the app. */
  | { type: 'announceStop'; child: number }
  /** `last`: no other process of its phase is alive. */
  | { type: 'retire'; mold: number; last: boolean }
  | { type: 'kill'; child: number; reason: string; cause: ExitReason }
  /** The worker serves but sends no heartbeat: find the JavaScript that blocks its event loop. */
  | { type: 'askForStack'; child: number }
  /** Kill a worker that has served, by the configured signal and after its hook. */
  | { type: 'timeOut'; child: number; reason: string; cause: ExitReason }
  | { type: 'abandon'; reason: string }
  | { type: 'dropRequest'; reason: string }
  | { type: 'finish' }
  /** Return to the code of this old mold. */
  | { type: 'rollBack'; mold: number; reason: string; automatic: boolean }
  /** Roll back new code that has not been proven yet: the old code still serves. */
  | { type: 'cancelTrial'; reason: string }
  /** The old mold is no longer kept. */
  | { type: 'release'; reason: string }
  | { type: 'requestRefork'; reason: string }
  | { type: 'replaceProgram' }
  | { type: 'giveUp'; reason: string }
  /** A crash loop: the next start is put off. */
  | { type: 'backOff' }
  | { type: 'booted' }
  | { type: 'exit'; code: 0 | 1; reason: string };

/** An effect: something to send, start, kill or announce. The fleet has recorded it already. */
export type Effect =
  /** Start a fresh process. If that is impossible: `fleet.notStarted`. */
  | { readonly type: 'boot'; readonly child: Child }
  /** Order a fork from `mold`. If that is impossible: `fleet.notForked`. */
  | { readonly type: 'fork'; readonly child: Child; readonly mold: Child }
  | { readonly type: 'send'; readonly child: Child; readonly order: Order }
  | { readonly type: 'kill'; readonly child: Child; readonly reason: string }
  | { readonly type: 'timeOut'; readonly child: Child; readonly reason: string }
  | { readonly type: 'askForStack'; readonly child: Child }
  | { readonly type: 'rolloutBegan'; readonly attempt: Attempt }
  | { readonly type: 'canaryProven'; readonly attempt: Attempt }
  /** `failure` null: the rollout is complete. `over`: no other candidate follows. */
  | {
      readonly type: 'rolloutEnded';
      readonly attempt: Attempt;
      readonly failure: string | null;
      readonly over: boolean;
    }
  /** The request for a rollback ended the trial of new code. */
  | { readonly type: 'trialCancelled' }
  | { readonly type: 'released'; readonly reason: string }
  | { readonly type: 'requestDropped'; readonly kind: RolloutKind; readonly reason: string }
  /** The slots without a worker have to wait for so long. */
  | { readonly type: 'backingOff'; readonly slots: readonly number[]; readonly ms: number }
  | { readonly type: 'booted' }
  | { readonly type: 'replaceProgram' }
  | { readonly type: 'giveUp'; readonly reason: string }
  | { readonly type: 'exit'; readonly code: 0 | 1; readonly reason: string };
