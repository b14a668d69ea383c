// The monitor's measurements: the sum of the workers' reports, and the figures that /proc has of
// every process.
import { AppMetrics, type AppMetricsRecord } from '../../metrics/app-metrics.js';
import { memoryOf } from '../../system/process-memory.js';
import type { MetricsReading } from '../../metrics/scrape-metrics.js';
import { createMetrics, type Metrics } from '../../metrics/registry.js';
import type { MetricJson } from '../../metrics/metric-json.js';
import { Totals, type TotalsRecord } from '../../metrics/totals.js';
import type { Order, Report } from '../../protocol/message.js';
import type { Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import type { RolloutKind } from '../fleet/rollouts.js';

/** Limit for the answers to a scrape; for a late worker its last answer counts. */
const answerWithinMs = 500;

const workerStates = ['spawning', 'starting', 'serving', 'promoting', 'leaving', 'killed'] as const;

interface Question {
  readonly number: number;
  readonly open: Set<number>;
  answered(): void;
}

/** Plain data, for the next program of a hot restart, so that no counter falls. */
export interface MeasurementsRecord {
  readonly totals: TotalsRecord;
  readonly app: AppMetricsRecord;
  readonly events: readonly MetricJson[];
}

export class Measurements {
  readonly #fleet: Fleet;
  readonly #ask: (id: number, order: Order) => void;
  readonly #logLinesDropped: () => number;
  readonly #totals: Totals;
  readonly #app: AppMetrics;
  readonly #metrics: Metrics;
  readonly #questions = new Set<Question>();
  #lastQuestion = 0;

  constructor(
    fleet: Fleet,
    ask: (id: number, order: Order) => void,
    logLinesDropped: () => number,
    before?: MeasurementsRecord,
  ) {
    this.#fleet = fleet;
    this.#ask = ask;
    this.#logLinesDropped = logLinesDropped;
    this.#totals = new Totals(before?.totals);
    this.#app = new AppMetrics(before?.app);
    this.#metrics = createMetrics({ read: () => this.#read() }, before?.events);
  }

  /** Waits for no I/O, so nothing else happens meanwhile. */
  async record(): Promise<MeasurementsRecord> {
    const events = await this.#metrics.record();
    return { totals: this.#totals.record(), app: this.#app.record(), events };
  }

  /** The Prometheus text. */
  collect(): Promise<string> {
    return this.#metrics.collect();
  }

  hear(child: Child, report: Report): void {
    switch (report.type) {
      case 'heartbeat':
        return this.#totals.update(child.id, report.figures);
      case 'drained':
      case 'leaving':
        this.#totals.update(child.id, report.figures);
        if (report.metrics) this.#app.update(child.id, report.metrics);
        // A mold counts nothing; what it counted as a worker stays in the totals.
        return this.retire(child.id);
      case 'measured':
        if (report.metrics) this.#app.update(child.id, report.metrics);
        return this.#answered(report.request, child.id);
      case 'forked':
        return this.#metrics.forked(report.durationMs / 1000);
      case 'refused':
        for (const { subject } of report.findings) this.#metrics.refused(subject);
        return;
      case 'audited':
      case 'born':
      case 'configured':
      case 'cut':
      case 'dismissed':
      case 'exercised':
      case 'serving':
      case 'frozen':
      case 'forkFailed':
      case 'failed':
      case 'overran':
      case 'stuck':
      case 'traced':
      case 'unsafe':
      case 'note':
        return;
    }
  }

  /** Its counts stay in the totals, and it is asked no more. */
  retire(id: number): void {
    this.#totals.retire(id);
    this.#app.retire(id);
    for (const question of this.#questions) this.#answered(question.number, id);
  }

  exited(reason: string): void {
    this.#metrics.exited(reason);
  }

  rolledOut(
    kind: RolloutKind,
    result: 'success' | 'failure',
    seconds: number,
    automatic = false,
  ): void {
    this.#metrics.rolledOut(kind, result, seconds, automatic);
  }

  async #read(): Promise<MetricsReading> {
    await this.#askAll();
    const children = [...this.#fleet.children.values()];
    const workers = children.filter(({ role }) => role === 'worker');
    const serving = workers.filter(({ state }) => state === 'serving');
    return {
      generation: Math.max(0, ...serving.map(({ generation }) => generation)),
      phase: this.#fleet.phase,
      workers: Object.fromEntries(
        workerStates.map((state) => [
          state,
          workers.filter((child) => child.state === state).length,
        ]),
      ),
      ...this.#totals.read(),
      inFlight: workers.reduce((sum, { figures }) => sum + figures.inFlight, 0),
      eventLoopLag: serving.map(({ slot, figures }) => ({
        slot: slot ?? 0,
        seconds: figures.eventLoopLagSeconds,
      })),
      memory: await this.#memory([...serving, ...children.filter(({ role }) => role !== 'worker')]),
      logLinesDropped: this.#logLinesDropped(),
      app: this.#app.collect(),
    };
  }

  async #memory(children: readonly Child[]): Promise<MetricsReading['memory']> {
    const processes = [
      { role: 'monitor' as const, slot: null, pid: process.pid },
      ...children.map(({ role, slot, pid }) => ({ role, slot, pid: pid ?? 0 })),
    ];
    const read = await Promise.all(
      processes.map(async ({ role, slot, pid }) => ({ role, slot, memory: await memoryOf(pid) })),
    );
    return read.flatMap(({ memory, ...process }) => (memory ? [{ ...process, memory }] : []));
  }

  /** Asks every serving worker for the app's metrics, and waits a moment for the answers. */
  async #askAll(): Promise<void> {
    const asked = [...this.#fleet.children.values()].filter(({ state }) => state === 'serving');
    if (asked.length === 0) return;
    const number = ++this.#lastQuestion;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => question.answered(), answerWithinMs);
      const question: Question = {
        number,
        open: new Set(asked.map(({ id }) => id)),
        answered: () => {
          clearTimeout(timer);
          this.#questions.delete(question);
          resolve();
        },
      };
      this.#questions.add(question);
      for (const { id } of asked) this.#ask(id, { type: 'measure', request: number });
    });
  }

  #answered(number: number, id: number): void {
    for (const question of this.#questions)
      if (question.number === number && question.open.delete(id) && question.open.size === 0)
        question.answered();
  }
}
