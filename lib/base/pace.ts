// Long computations in a process whose event loop others wait for.
import { setImmediate as turn } from 'node:timers/promises';

/** Unnoticeable for a probe, and long enough for the turns to cost little. */
const maxBusyMs = 5;

export class Pace {
  #since = performance.now();

  /** Called often; lets the event loop turn when it has been busy for too long. */
  async rest(): Promise<void> {
    if (performance.now() - this.#since < maxBusyMs) return;
    await turn();
    this.#since = performance.now();
  }
}
