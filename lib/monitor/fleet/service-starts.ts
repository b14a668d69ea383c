// When the service worker may be started again. It is counted apart from the workers: what is wrong
// with it neither delays a worker nor ends the server. No I/O.
import { DeathRate, delayMs } from './death-rate.js';

export class ServiceStarts {
  notBefore = 0;
  /** In a row. */
  #failures = 0;
  readonly #ends = new DeathRate();

  succeeded(): void {
    this.#failures = 0;
  }

  failed(now: number): void {
    this.notBefore = now + delayMs(++this.#failures);
  }

  /** Of one that was ready, for whatever reason: also the app may end it again and again. */
  ended(now: number): void {
    this.notBefore = Math.max(this.notBefore, now + this.#ends.add(now));
  }
}
