// The way back to the old code: its mold stays frozen for a while after a phased restart, until a
// rollback takes it up again or the window is over.
import type { Death } from './start-backoff.js';

export interface RollbackOptions {
  /** Counted from the end of the rollout; false: no mold is kept. */
  readonly windowMs: number | false;
  readonly automatic: boolean;
}

/** The mold of the code that served before. */
export interface Retained {
  /** The id of the child. */
  readonly mold: number;
  /** Position in `reforkAfter` of its code. */
  readonly reforks: number;
  /** Time from which the new code's deaths count: its proof. */
  readonly since: number;
  /** End of the window; null during the rollout. */
  readonly until: number | null;
  /** Its own workers did not die all the time: it is worth an automatic rollback. */
  readonly sound: boolean;
}

/** Plain data, for the next program of a hot restart. Times are relative to the hand-over. */
export interface RollbackRecord {
  readonly retained: Retained | null;
  readonly unavailable: string;
}

/** Deaths that condemn code of one or two workers; of more, there is one for each. */
const fewestDeaths = 3;
/** The same when no worker is left. */
const fewestWithoutService = 2;

/**
 * The verdict on code whose workers have died like this, in words; null while it may go on. One
 * request that kills its worker now and then does not condemn the code; a worker that always dies
 * does within seconds.
 */
export function condemnation(
  deaths: readonly Death[],
  { workers, serving }: { readonly workers: number; readonly serving: number },
): string | null {
  const limit = Math.max(fewestDeaths, workers);
  const left = serving === 0 && deaths.length >= fewestWithoutService ? ', no worker is left' : '';
  if (deaths.length < limit && left === '') return null;
  return `${deaths.length} deaths of its workers${left}, the last one: ${deaths.at(-1)?.reason}`;
}

export class Rollback {
  readonly #options: RollbackOptions;
  #retained: Retained | null = null;
  #unavailable = 'no phased restart has replaced any code yet';

  constructor(options: RollbackOptions) {
    this.#options = options;
    if (options.windowMs === false) this.#unavailable = off;
  }

  get retained(): Retained | null {
    return this.#retained;
  }

  /** Whether the plan may roll back by itself. */
  get isAutomatic(): boolean {
    return this.#options.automatic && this.#retained?.sound === true;
  }

  /** The reason why there is no way back, while there is none. */
  get unavailable(): string {
    return this.#unavailable;
  }

  isOver(now: number): boolean {
    const until = this.#retained?.until;
    return typeof until === 'number' && now >= until;
  }

  /** New code is proven. `mold`: that of the old code; an earlier one is given up. */
  retain(mold: Omit<Retained, 'until'> | null): void {
    this.#retained = null;
    if (this.#options.windowMs === false) this.#unavailable = off;
    else if (mold) this.#retained = { ...mold, until: null };
    else this.#unavailable = 'the old code has no mold to return to';
  }

  /** The rollout is over: the window begins. */
  rolledOut(now: number): void {
    const { windowMs } = this.#options;
    if (this.#retained?.until === null && windowMs !== false)
      this.#retained = { ...this.#retained, until: now + windowMs };
  }

  release(reason: string): void {
    this.#retained = null;
    this.#unavailable = reason;
  }

  record(now: number): RollbackRecord {
    return { retained: shifted(this.#retained, -now), unavailable: this.#unavailable };
  }

  restore({ retained, unavailable }: RollbackRecord, now: number): void {
    this.#retained = shifted(retained, now);
    this.#unavailable = unavailable;
  }
}

const off = 'the configuration keeps no old mold (rollback.window: false)';

function shifted(retained: Retained | null, byMs: number): Retained | null {
  if (!retained) return null;
  const { since, until } = retained;
  return { ...retained, since: since + byMs, until: until === null ? null : until + byMs };
}
