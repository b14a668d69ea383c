// The decisions that the plan can take. carry-out.ts makes them true.
export type Action =
  | { type: 'boot' }
  /** The code anew from disk, for a phased restart. */
  | { type: 'bootNext' }
  /** A worker of its own boot, where the app cannot be forked. Slot null: the service worker. */
  | { type: 'bootWorker'; slot: number | null; canary: boolean }
  | { type: 'spawn'; mold: number; slot: number | null; canary: boolean }
  /** The next mold is to be this worker. */
  | { type: 'choose'; child: number; reason: string }
  | { type: 'promote'; child: number; generation: number }
  /** The canary is healthy. */
  | { type: 'prove' }
  | { type: 'drain'; child: number }
  /** The app may see that the server is about to stop. */
  | { type: 'announceStop'; child: number }
  /** `last`: no other process of its phase lives. */
  | { type: 'retire'; mold: number; last: boolean }
  | { type: 'kill'; child: number; reason: string }
  /** It serves, but is silent: the JavaScript that blocks its event loop is to be found. */
  | { type: 'askForStack'; child: number }
  /** Kill one that served, by the configured signal and after the hook for that. */
  | { type: 'timeOut'; child: number; reason: string }
  | { type: 'abandon'; reason: string }
  | { type: 'dropRequest'; reason: string }
  | { type: 'finish' }
  | { type: 'requestRefork'; reason: string }
  | { type: 'replaceProgram' }
  | { type: 'giveUp'; reason: string }
  | { type: 'booted' }
  | { type: 'exit'; code: 0 | 1; reason: string };
