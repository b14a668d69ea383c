// What the plan can decide to do.
export type Action =
  | { type: 'boot' }
  /** The code anew, for a phased restart. */
  | { type: 'bootNext' }
  /** A worker of its own boot, where the app cannot be forked. No slot: the service worker. */
  | { type: 'bootWorker'; slot: number | null; canary: boolean }
  | { type: 'spawn'; mold: number; slot: number | null; canary: boolean }
  | { type: 'choose'; child: number; reason: string }
  | { type: 'promote'; child: number; generation: number }
  /** The canary is healthy. */
  | { type: 'prove' }
  | { type: 'drain'; child: number }
  /** The app may see that the server is to stop. */
  | { type: 'announceStop'; child: number }
  /** `last`: no other process of its phase lives. */
  | { type: 'retire'; mold: number; last: boolean }
  | { type: 'kill'; child: number; reason: string }
  /** It serves, but does not say anything: with what? */
  | { type: 'askForStack'; child: number }
  /** To kill one that served, by the signal and with the hook for that. */
  | { type: 'timeOut'; child: number; reason: string }
  | { type: 'abandon'; reason: string }
  | { type: 'dropRequest'; reason: string }
  | { type: 'finish' }
  | { type: 'requestRefork'; reason: string }
  | { type: 'replaceProgram' }
  | { type: 'giveUp'; reason: string }
  | { type: 'booted' }
  | { type: 'exit'; code: 0 | 1; reason: string };
