// Garbage is collected between requests rather than during one. V8 collects when it must, and that
// is while there is work to do; a worker that is idle can do it before.
import { native } from '../system/native.js';

export class OutOfBandGc {
  readonly #every: number | false;
  readonly #collect: () => void;
  /** Requests completed at the last collection. */
  #collectedAt = 0;

  /** `every`: requests from one collection to the next, at least. */
  constructor(every: number | false, collect = () => native.collectGarbage()) {
    this.#every = every;
    this.#collect = collect;
  }

  /** To be called now and then. */
  beat({ requests, inFlight }: { readonly requests: number; readonly inFlight: number }): void {
    if (this.#every === false || inFlight > 0 || requests - this.#collectedAt < this.#every) return;
    this.#collectedAt = requests;
    this.#collect();
  }
}
