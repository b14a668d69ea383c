// The totals of all workers since the monitor started; pure. Invariant: no total ever falls,
// whichever worker is replaced or killed, and however often or late a report is received.
import type { Figures } from '../protocol/message.js';
import { addLatency, emptyLatency, type Latency } from '../protocol/latency.js';
import { Ledger, type LedgerRecord } from './ledger.js';

export type Counts = Pick<Figures, 'requests' | 'latency'>;

/** Plain data, handed to the next program of a hot restart. */
export interface TotalsRecord {
  readonly ledger: LedgerRecord<Counts>;
  readonly lastRead: Counts;
}

export class Totals {
  readonly #ledger: Ledger<Counts>;
  #lastRead: Counts;

  constructor(before?: TotalsRecord) {
    this.#ledger = new Ledger<Counts>(none(), { merge: larger, fold: add }, before?.ledger);
    this.#lastRead = before?.lastRead ?? none();
  }

  record(): TotalsRecord {
    return { ledger: this.#ledger.record(), lastRead: this.#lastRead };
  }

  /** Takes the child's counts since its fork. */
  update(childId: number, { requests, latency }: Counts): void {
    this.#ledger.update(childId, { requests, latency });
  }

  /** The child is gone; its counts stay in the totals. */
  retire(childId: number): void {
    this.#ledger.retire(childId);
  }

  /** The totals over live and gone workers. */
  read(): Counts {
    const sum = this.#ledger.live().reduce(add, this.#ledger.gone());
    // A retired worker moves within the sum, and adding floats in another order can yield a sum
    // that is smaller in the last bit, which Prometheus takes for a counter reset.
    this.#lastRead = larger(this.#lastRead, sum);
    return this.#lastRead;
  }
}

function none(): Counts {
  return { requests: 0, latency: emptyLatency() };
}

function add(one: Counts, other: Counts): Counts {
  return {
    requests: one.requests + other.requests,
    latency: addLatency(one.latency, other.latency),
  };
}

/** The maximum of each count: an old report that arrives late takes nothing back. */
function larger(one: Counts, other: Counts): Counts {
  return {
    requests: Math.max(one.requests, other.requests),
    latency: largerLatency(one.latency, other.latency),
  };
}

function largerLatency(one: Latency, other: Latency): Latency {
  return {
    counts: one.counts.map((count, bucket) => Math.max(count, other.counts[bucket] ?? 0)),
    sumSeconds: Math.max(one.sumSeconds, other.sumSeconds),
  };
}
