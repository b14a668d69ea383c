// The decisions that the plan can take; carry-out.ts applies them.
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
  | { type: 'kill'; child: number; reason: string }
  /** The worker serves but sends no heartbeat: find the JavaScript that blocks its event loop. */
  | { type: 'askForStack'; child: number }
  /** Kill a worker that has served, by the configured signal and after its hook. */
  | { type: 'timeOut'; child: number; reason: string }
  | { type: 'abandon'; reason: string }
  | { type: 'dropRequest'; reason: string }
  | { type: 'finish' }
  | { type: 'requestRefork'; reason: string }
  | { type: 'replaceProgram' }
  | { type: 'giveUp'; reason: string }
  | { type: 'booted' }
  | { type: 'exit'; code: 0 | 1; reason: string };
