// The monitor's measurements: the sum of the workers' reports, and the figures that /proc has of
// every process.
import { AppMetrics, type AppMetricsRecord } from '../../metrics/app-metrics.js';
import type { Role } from '../../api/hooks.js';
import { descriptorsOf } from '../../system/proc/descriptors.js';
import { memoryOf } from '../../system/proc/process-memory.js';
import type { MetricsReading } from '../../metrics/scrape-metrics.js';
import { createMetrics, type Metrics } from '../../metrics/registry.js';
import type { MetricJson } from '../../metrics/metric-json.js';
import { KnownLabels } from './known-labels.js';
import { Totals, type TotalsRecord } from '../../metrics/totals.js';
import type { ExitReason } from '../../control-api/exit-reason.js';
import type { Order, Report, ReportOf } from '../../protocol/message.js';
import type { Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import type { RolloutKind } from '../fleet/rollouts.js';
import { Deaths, type DeathsRecord } from './deaths.js';

/** Limit for the answers to a scrape; for a late worker its last answer counts. */
const answerWithinMs = 500;
/** The same for a worker that was never asked before: it has no last answer. */
const firstAnswerWithinMs = 5_000;

const workerStates = ['spawning', 'starting', 'serving', 'promoting', 'leaving', 'killed'] as const;

const refusalsLabel = { metric: 'pitchfork_fork_refusals_total', label: 'subject' };

interface Question {
  readonly number: number;
  /** Children that have not answered. */
  readonly open: Set<number>;
  answered(): void;
}

/** Plain data, for the next program of a hot restart, so that no counter falls. */
export interface MeasurementsRecord {
  readonly totals: TotalsRecord;
  readonly app: AppMetricsRecord;
  readonly events: readonly MetricJson[];
  /** Absent in the hand-over of an earlier release. */
  readonly deaths?: DeathsRecord;
}

export class Measurements {
  readonly deaths: Deaths;
  readonly #fleet: Fleet;
  readonly #ask: (id: number, order: Order) => void;
  readonly #logLinesDropped: () => number;
  readonly #totals: Totals;
  readonly #app: AppMetrics;
  readonly #metrics: Metrics;
  readonly #subjects: KnownLabels;
  readonly #questions = new Set<Question>();
  /** The number of the last question to each child. */
  readonly #asked = new Map<number, number>();
  readonly #tooLarge = new Set<number>();
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
    this.deaths = new Deaths(before?.deaths);
    this.#subjects = new KnownLabels(before?.events ?? [], refusalsLabel);
    this.#metrics = createMetrics({ read: () => this.#read() }, before?.events);
  }

  /** Waits for no I/O, so nothing else happens meanwhile. */
  async record(): Promise<MeasurementsRecord> {
    const events = await this.#metrics.record();
    const [totals, app, deaths] = [this.#totals, this.#app, this.deaths];
    return { totals: totals.record(), app: app.record(), events, deaths: deaths.record() };
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
        return this.#measured(child, report);
      case 'forked':
        return this.#metrics.forked(report.durationMs / 1000);
      case 'refused':
        for (const { subject } of report.findings)
          this.#metrics.refused(this.#subjects.known(subject));
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
      case 'uncaught':
      case 'unsafe':
      case 'note':
        return;
    }
  }

  /** Its answer was too large: the last one counts. Returns whether it is the first such answer. */
  lost(id: number): boolean {
    for (const question of this.#questions) this.#answered(question.number, id);
    const isFirst = !this.#tooLarge.has(id);
    this.#tooLarge.add(id);
    return isFirst;
  }

  /** An answer may be late, but not to a question that was put to others. */
  #measured({ id }: Child, { request, metrics }: ReportOf<'measured'>): void {
    if (request > (this.#asked.get(id) ?? 0)) return;
    if (metrics) this.#app.update(id, metrics);
    this.#answered(request, id);
  }

  /** Its counts stay in the totals, and it is asked no more. */
  retire(id: number): void {
    this.#asked.delete(id);
    this.#tooLarge.delete(id);
    this.#totals.retire(id);
    this.#app.retire(id);
    for (const question of this.#questions) this.#answered(question.number, id);
  }

  /** The child was reaped. */
  exited(child: Child, reason: ExitReason): void {
    this.deaths.count(child, reason);
    this.#metrics.exited(reason);
  }

  outOfDescriptors(role: 'monitor' | Role): void {
    this.#metrics.outOfDescriptors(role);
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
    const processes = processesOf([
      ...serving,
      ...children.filter(({ role }) => role !== 'worker'),
    ]);
    return {
      generation: Math.max(0, ...serving.map(({ generation }) => generation)),
      phase: this.#fleet.phase,
      wanted: this.#fleet.workers,
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
      memory: await readMemory(processes),
      descriptors: processes.flatMap(({ pid, ...process }) => {
        const descriptors = descriptorsOf(pid);
        return descriptors ? [{ ...process, descriptors }] : [];
      }),
      logLinesDropped: this.#logLinesDropped(),
      appSeriesDropped: this.#app.dropped,
      app: await this.#app.collect(),
    };
  }

  /** Asks every serving worker for the app's metrics, and waits a moment for the answers. */
  async #askAll(): Promise<void> {
    const asked = [...this.#fleet.children.values()].filter(({ state }) => state === 'serving');
    if (asked.length === 0) return;
    const number = ++this.#lastQuestion;
    const known = asked.filter(({ id }) => this.#asked.has(id)).map(({ id }) => id);
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => {
        for (const id of known) this.#answered(number, id);
      }, answerWithinMs);
      const timer = setTimeout(() => question.answered(), firstAnswerWithinMs);
      const question: Question = {
        number,
        open: new Set(asked.map(({ id }) => id)),
        answered: () => {
          clearTimeout(late);
          clearTimeout(timer);
          this.#questions.delete(question);
          resolve();
        },
      };
      this.#questions.add(question);
      for (const { id } of asked) {
        this.#asked.set(id, number);
        this.#ask(id, { type: 'measure', request: number });
      }
    });
  }

  #answered(number: number, id: number): void {
    for (const question of this.#questions)
      if (question.number === number && question.open.delete(id) && question.open.size === 0)
        question.answered();
  }
}

interface Process {
  readonly role: 'monitor' | Role;
  readonly slot: number | null;
  readonly pid: number;
}

function processesOf(children: readonly Child[]): Process[] {
  return [
    { role: 'monitor', slot: null, pid: process.pid },
    ...children.map(({ role, slot, pid }) => ({ role, slot, pid: pid ?? 0 })),
  ];
}

async function readMemory(processes: readonly Process[]): Promise<MetricsReading['memory']> {
  const read = await Promise.all(
    processes.map(async ({ role, slot, pid }) => ({ role, slot, memory: await memoryOf(pid) })),
  );
  return read.flatMap(({ memory, ...process }) => (memory ? [{ ...process, memory }] : []));
}
