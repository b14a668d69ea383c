// Random input for a channel to the monitor, from a seed: reports of every type, some intact, most
// with a fault in a field (by grammar) or in the bytes.
import type { Report } from '../../lib/protocol/message.js';

type Random = () => number;

const nested: unknown = JSON.parse('['.repeat(2_000) + ']'.repeat(2_000));

const figures = {
  ...{ requests: 3, inFlight: 1, eventLoopLagSeconds: 0.01 },
  latency: { counts: [1, 2], sumSeconds: 0.5 },
};
const request = { method: 'GET', url: '/', ageMs: 5 };
const findings = [
  { subject: 'left-pad', version: null, severity: 'warn', found: 'is there', breaks: '' },
].map((finding) => ({ ...finding, remedy: '', evidence: null }));
const metrics = [
  {
    name: 'fuzz',
    help: 'h',
    type: 'counter',
    aggregator: 'sum',
    series: ['{kind="a"}'],
    values: [1],
  },
];

/** One of each type, as a child may send it. */
const samples: Record<Report['type'], object> = {
  born: {},
  configured: { options: { workers: 'story' } },
  serving: {},
  heartbeat: { figures, urgent: { ...request, leftMs: 5_000 } },
  overran: { request: { ...request, leftMs: -1 } },
  traced: { resources: { Timeout: 1 }, requests: [request] },
  stuck: { stack: 'at f (x.js:1:1)' },
  drained: { figures, metrics },
  audited: { findings },
  refused: { findings, leaves: false },
  unsafe: { reason: 'story' },
  cut: { count: 1, connections: ['tcp 1 → 2'] },
  frozen: {},
  forked: { id: 2, durationMs: 3 },
  forkFailed: { id: 2, reason: 'EAGAIN', stack: null },
  uncaught: { origin: 'uncaughtException', handled: false, reason: 'story', stack: null },
  failed: { step: 'boot', reason: 'story', stack: null },
  dismissed: {},
  leaving: { figures, metrics, cut: 0 },
  exercised: { trials: [], draws: {} },
  measured: { request: 1, metrics },
  note: { level: 'info', text: 'fuzz', stack: null },
};

export class Fuzz {
  readonly #random: Random;
  /** Numbers that may mean something: pids and ids of others. */
  readonly #numbers: readonly number[];

  constructor(random: Random, numbers: readonly number[] = []) {
    this.#random = random;
    this.#numbers = numbers;
  }

  /** Some bytes: usually a line. */
  next(): Buffer {
    const line = Buffer.from(`${this.#text()}\n`);
    return this.#random() < 0.2 ? this.#damaged(line) : line;
  }

  #text(): string {
    if (this.#random() < 0.02) return this.#oneOf(['[', '{"a":', '"', ' ']).repeat(100_000);
    const type = this.#oneOf(Object.keys(samples) as Report['type'][]);
    const report: object = { type, ...structuredClone(samples[type]) };
    for (let faults = Math.floor(this.#random() * 3); faults > 0; faults--) this.#spoil(report);
    return JSON.stringify(report);
  }

  /** Replaces, removes or adds one field, at any depth. */
  #spoil(target: object): void {
    // Without its type a report is one of one kind only.
    const keys = Object.keys(target).filter((key) => key !== 'type' || this.#random() < 0.1);
    const key = this.#oneOf(keys.length === 0 ? ['extra'] : keys);
    const value: unknown = Reflect.get(target, key);
    const chance = this.#random();
    if (typeof value === 'object' && value !== null && chance < 0.6) return this.#spoil(value);
    if (chance < 0.7) Reflect.deleteProperty(target, key);
    else Reflect.set(target, this.#random() < 0.8 ? key : this.#odd('text'), this.#odd('any'));
  }

  #odd(kind: 'text'): string;
  #odd(kind: 'any'): unknown;
  #odd(kind: 'text' | 'any'): unknown {
    const texts = [
      '',
      '__proto__',
      'constructor',
      'x'.repeat(5_000),
      '\u0000',
      '\ud800',
      'quantile',
    ];
    if (kind === 'text') return this.#oneOf(texts);
    const numbers = [0, -0, -1, 0.5, 1, 2 ** 53, 1e308, -1e308, ...this.#numbers];
    const others = [null, true, [], {}, nested, { value: 1 }, [null], { type: 'born' }];
    return this.#oneOf<unknown>([...texts, ...numbers, ...others]);
  }

  #damaged(line: Buffer): Buffer {
    const at = Math.floor(this.#random() * line.length);
    const byte = Math.floor(this.#random() * 256);
    return this.#oneOf([
      () => line.subarray(0, at),
      () => line.subarray(at),
      () => Buffer.concat([line, line]),
      () => Buffer.from(line.map((old, index) => (index === at ? byte : old))),
      () => Buffer.from(line.toString('latin1').replace(/1/g, '1e999'), 'latin1'),
      () => Buffer.from(Array.from({ length: 64 }, () => Math.floor(this.#random() * 256))),
    ])();
  }

  #oneOf<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }
}

/** The seed to repeat a failure with: PITCHFORK_FUZZ_SEED. */
export const fuzzSeed = Number(process.env['PITCHFORK_FUZZ_SEED'] ?? Date.now() % 2 ** 31);

/** Duration of a fuzzer: PITCHFORK_FUZZ_MS for longer ones. */
export const fuzzMs = (ms: number): number => Number(process.env['PITCHFORK_FUZZ_MS'] ?? ms);
