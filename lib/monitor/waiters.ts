// Those who wait for a refork to end. Whoever asks while one is under way waits for the one after
// it, since only that one is sure to begin after the question.
import type { Outcome } from './control.js';

type Settle = (outcome: Outcome) => void;

export class Waiters {
  #current: Settle[] = [];
  #next: Settle[] = [];

  add(turn: 'current' | 'next'): Promise<Outcome> {
    return new Promise((resolve) =>
      (turn === 'current' ? this.#current : this.#next).push(resolve),
    );
  }

  settleCurrent(outcome: Outcome): void {
    const settled = this.#current;
    this.#current = this.#next;
    this.#next = [];
    for (const settle of settled) settle(outcome);
  }

  settleAll(outcome: Outcome): void {
    this.settleCurrent(outcome);
    this.settleCurrent(outcome);
  }
}
