// The app's code as the fleet runs it: its phase, the generations of its molds, and whether it can
// be loaded and forked.
import { singleMode, type Attempt, type Unforkable } from './rollouts.js';

/** Plain data, for the next program of a hot restart. */
interface CodeData {
  /** Phase of the code that serves; the phase of a phased restart counts only once proven. */
  phase: number;
  /** The newest phase so far: higher than `phase` after a rollback. */
  lastPhase: number;
  nextGeneration: number;
  /** Consecutive promotions since the code was booted: the position in `reforkAfter`. */
  reforks: number;
  /** The code was loaded once: a later failure may be transient. */
  loaded: boolean;
  /**
   * The code cannot be forked: each worker is booted afresh, until a promotion succeeds after all.
   */
  unforkable: Unforkable | null;
}

export type CodeRecord = Readonly<CodeData>;

export class Code {
  readonly #data: CodeData;

  constructor({ single }: { readonly single: boolean }) {
    const unforkable = single ? singleMode : null;
    this.#data = {
      ...{ phase: 0, lastPhase: 0, nextGeneration: 0, reforks: 0 },
      ...{ loaded: false, unforkable },
    };
  }

  get data(): CodeRecord {
    return this.#data;
  }

  /** A rollback has returned to older code than that on disk. */
  get isRolledBack(): boolean {
    return this.#data.phase < this.#data.lastPhase;
  }

  /** The phase of code that is loaded next. */
  get nextPhase(): number {
    return this.#data.lastPhase + 1;
  }

  /** For a mold booted from disk, which has no predecessors. */
  beginBoot(): { readonly phase: number; readonly generation: number } {
    this.#data.reforks = 0;
    if (this.isRolledBack) {
      this.#data.phase = this.#data.lastPhase = this.nextPhase;
      this.#data.nextGeneration = 0;
    }
    return this.beginGeneration();
  }

  beginGeneration(): { readonly phase: number; readonly generation: number } {
    return { phase: this.#data.phase, generation: this.#data.nextGeneration++ };
  }

  markLoaded(): void {
    this.#data.loaded = true;
  }

  setUnforkable(unforkable: Unforkable): void {
    this.#data.unforkable = unforkable;
  }

  /** From now on, slots are filled with workers of that attempt's mold. */
  adopt({ phase, generation, unforkable }: Attempt): void {
    const isNew = phase !== this.#data.phase;
    this.#data.reforks = isNew ? 0 : this.#data.reforks + 1;
    if (isNew) this.#data.nextGeneration = generation + 1;
    this.#data.phase = phase;
    this.#data.lastPhase = Math.max(this.#data.lastPhase, phase);
    this.#data.unforkable = unforkable;
  }

  /** From now on, slots are filled from the old mold again. `reforks`: as when it was replaced. */
  returnTo(attempt: Attempt, reforks: number): void {
    this.adopt(attempt);
    this.#data.reforks = reforks;
  }

  restore(record: CodeRecord): void {
    const { unforkable } = this.#data;
    Object.assign(this.#data, { lastPhase: record.phase }, record);
    // Single mode follows from the configuration; it is not a finding.
    if (unforkable !== null || record.unforkable?.reason === singleMode.reason)
      this.#data.unforkable = unforkable;
  }
}
