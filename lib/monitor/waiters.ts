// Callers that wait for the end of a rollout. A request during a rollout waits for the next one,
// since only that one is certain to begin after the request.
import type { Outcome } from '../control-api/outcome.js';
import type { RolloutKind } from './fleet/rollouts.js';

interface Waiter {
  readonly kind: RolloutKind;
  turn: 'current' | 'next';
  settle(outcome: Outcome): void;
}

export class Waiters {
  #all: Waiter[] = [];

  add(kind: RolloutKind, turn: Waiter['turn']): Promise<Outcome> {
    return new Promise((settle) => this.#all.push({ kind, turn, settle }));
  }

  /** A request of that kind has ended; callers that came during any rollout are next. */
  settleCurrent(kind: RolloutKind, outcome: Outcome): void {
    const settled = this.#all.filter((waiter) => waiter.kind === kind && waiter.turn === 'current');
    this.#all = this.#all.filter((waiter) => !settled.includes(waiter));
    for (const waiter of this.#all) waiter.turn = 'current';
    for (const waiter of settled) waiter.settle(outcome);
  }

  settleAll(outcome: Outcome): void {
    for (const waiter of this.#all.splice(0)) waiter.settle(outcome);
  }
}
