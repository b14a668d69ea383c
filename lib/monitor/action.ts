// What the plan can decide to do.
export type Action =
  | { type: 'boot' }
  /** A worker of its own boot, where the app cannot be forked. */
  | { type: 'bootWorker'; slot: number }
  | { type: 'spawn'; mold: number; slot: number; canary: boolean }
  | { type: 'choose'; child: number; reason: string }
  | { type: 'promote'; child: number; generation: number }
  | { type: 'prove'; mold: number }
  | { type: 'drain'; child: number }
  /** `last`: no other process of its phase lives. */
  | { type: 'retire'; mold: number; last: boolean }
  | { type: 'kill'; child: number; reason: string }
  | { type: 'abandon'; reason: string }
  | { type: 'dropWish'; reason: string }
  | { type: 'finish' }
  | { type: 'wish'; reason: string }
  | { type: 'giveUp'; reason: string }
  | { type: 'booted' }
  | { type: 'exit'; code: 0 | 1; reason: string };
