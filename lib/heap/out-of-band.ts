// Collects garbage between requests rather than during one. V8 collects when memory
// runs short, which happens while there is work to do; an idle worker can collect earlier.
import { native } from '../system/native.js';

export class OutOfBandGc {
  readonly #every: number | false;
  readonly #collect: () => void;
  /** Requests completed at the last collection. */
  #collectedAt = 0;

  /** `every`: the least number of requests between two collections. */
  constructor(every: number | false, collect = () => native.collectGarbage()) {
    this.#every = every;
    this.#collect = collect;
  }

  /** To be called periodically. */
  beat({ requests, inFlight }: { readonly requests: number; readonly inFlight: number }): void {
    if (this.#every === false || inFlight > 0 || requests - this.#collectedAt < this.#every) return;
    this.#collectedAt = requests;
    this.#collect();
  }
}
