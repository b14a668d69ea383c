// Finds out whether an app can be forked by forking it, as the server does: a mold, two forks of it
// that serve, one of these promoted to a mold, and a fork of that.
import { describeFinding, type Finding } from '../protocol/finding.js';
import type { Overrides } from '../config/overrides.js';
import type { Settings } from '../config/settings.js';
import type { Child } from '../monitor/fleet/child.js';
import { native } from '../system/native.js';
import { Failure, Processes } from './processes.js';
import { sendRequest, type CheckRequest, type RequestTrial } from './request.js';
import type { CheckedTrial, CheckResult } from './result.js';
import { endStrays } from './strays.js';

/** For the answer to an exercise; its trials have deadlines of their own. */
const exerciseMs = 40_000;
const host = '127.0.0.1';
/** Those of the first mold. */
const siblings = [0, 1];
const exitMs = 3_000;
/** Time from a failed request to the end of the process that caused it. */
const crashMs = 1_000;

export interface CheckOptions {
  /** Sent to each fork, one after the other. */
  readonly requests: readonly CheckRequest[];
  /** Called with the name of each step. */
  readonly progress: (step: string) => void;
}

export async function check(
  settings: Settings,
  overrides: Overrides,
  options: CheckOptions,
): Promise<CheckResult> {
  const checking = new Check(settings, overrides, options);
  try {
    await checking.run();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    checking.failure = error.message;
  } finally {
    await checking.end();
  }
  return checking.result();
}

interface Fork {
  readonly child: Child;
  readonly port: number;
  /** For people, counted from 1. */
  readonly number: number;
}

type Draws = Readonly<Record<string, string>>;

class Check {
  failure: string | null = null;
  readonly #settings: Settings;
  readonly #options: CheckOptions;
  readonly #processes: Processes;
  readonly #findings: Finding[] = [];
  readonly #cut = new Set<string>();
  readonly #trials: CheckedTrial[] = [];
  #forkMs: number | null = null;

  constructor(settings: Settings, overrides: Overrides, options: CheckOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#processes = new Processes(settings, overrides, siblings.length);
  }

  async run(): Promise<void> {
    const { progress } = this.#options;
    progress('loading the app');
    const mold = await this.#boot();
    progress('forking');
    const forks: Fork[] = [];
    for (const slot of siblings) forks.push(await this.#fork(mold, slot));
    const draws = await this.#exerciseAll(forks);
    const [candidate] = forks;
    if (!candidate) return;
    progress('promoting a fork to a mold');
    await this.#promote(candidate);
    progress('forking the new mold');
    const last = await this.#fork(candidate.child, siblings.length);
    this.#compare([...draws, ...(await this.#exerciseAll([last]))]);
  }

  result(): CheckResult {
    const refused = this.#findings.filter(({ severity }) => severity === 'refuse');
    const failed = this.#trials.filter(({ ok }) => !ok);
    const failure = this.failure ?? refused.map(describeFinding)[0] ?? null;
    return {
      safe: failure === null && failed.length === 0,
      app: this.#settings.app,
      node: process.versions.node,
      failure: failure ?? failed.map(({ name, detail }) => `${name}: ${detail}`)[0] ?? null,
      findings: this.#findings,
      cut: [...this.#cut],
      forkMs: this.#forkMs,
      trials: this.#trials,
    };
  }

  async end(): Promise<void> {
    await this.#processes.end(exitMs);
    await endStrays(exitMs);
  }

  async #boot(): Promise<Child> {
    const mold = this.#processes.perform({ type: 'boot' });
    await this.#frozen(mold, this.#settings.spawnTimeoutMs, 'loading the app');
    return mold;
  }

  /** As in a refork: the audit, the hooks and the drain are those of the server. */
  async #promote({ child, number }: Fork): Promise<void> {
    const { refork, spawnTimeoutMs } = this.#settings;
    const started = performance.now();
    this.#processes.perform({ type: 'promote', child: child.id, generation: 1 });
    const name = `promotion of fork ${number}`;
    await this.#frozen(child, refork.drainTimeoutMs + spawnTimeoutMs, name);
    const ms = Math.round(performance.now() - started);
    this.#trials.push({ name, ok: true, detail: `a mold after ${ms} ms` });
  }

  /** Resolves when it is a mold; collects its reports either way. */
  async #frozen(child: Child, timeoutMs: number, what: string): Promise<void> {
    const processes = this.#processes;
    try {
      const report = await processes.answer(child, ['frozen', 'refused'], timeoutMs, what);
      if (report.type === 'frozen') return;
      this.#add(report.findings);
      throw new Failure(report.findings.map(describeFinding).join('; '));
    } finally {
      for (const { findings } of processes.reportsOf(child, 'audited')) this.#add(findings);
      for (const { connections } of processes.reportsOf(child, 'cut'))
        for (const connection of connections) this.#cut.add(connection);
    }
  }

  /** Without those that are known from an earlier audit. */
  #add(findings: readonly Finding[]): void {
    const known = new Set(this.#findings.map(withoutNumbers));
    this.#findings.push(...findings.filter((finding) => !known.has(withoutNumbers(finding))));
  }

  /** Resolves when the fork serves. */
  async #fork(mold: Child, slot: number): Promise<Fork> {
    const { spawnTimeoutMs } = this.#settings;
    const processes = this.#processes;
    const number = slot + 1;
    const { child, port } = this.#spawn(mold, slot);
    const types = ['forked', 'forkFailed'] as const;
    const forked = await processes.answer(mold, types, spawnTimeoutMs, 'the fork');
    if (forked.type === 'forkFailed') throw new Failure(`the fork failed: ${forked.reason}`);
    // It may have ended before its pid was known.
    processes.reap();
    this.#forkMs ??= forked.durationMs;
    await processes.answer(child, ['serving'], spawnTimeoutMs, `fork ${number}`);
    return { child, port, number };
  }

  /** Resolves with the random values that each fork drew. */
  async #exerciseAll(forks: readonly Fork[]): Promise<Draws[]> {
    for (const request of this.#options.requests) {
      this.#options.progress(`${request.method} ${request.path}`);
      await this.#request(forks, request);
    }
    this.#options.progress('trying garbage collection, threads, timers');
    return Promise.all(forks.map((fork) => this.#exercise(fork)));
  }

  async #request(forks: readonly Fork[], request: CheckRequest): Promise<void> {
    const { spawnTimeoutMs } = this.#settings;
    const sent = forks.map(async (fork) => {
      const trial = await sendRequest(request, { host, port: fork.port }, spawnTimeoutMs);
      return { fork, trial };
    });
    const answers = await Promise.all(sent);
    for (const { fork, trial } of answers) this.#addTrial(fork, trial);
    const failed = answers.find(({ trial }) => !trial.ok);
    if (failed) throw await this.#explained(failed.trial, failed.fork.child);
  }

  #addTrial({ number }: Fork, { name, ok, warns, detail }: CheckedTrial): void {
    const remark = warns ? { warns } : {};
    this.#trials.push({ name: `fork ${number}: ${name}`, ok, detail, ...remark });
  }

  async #exercise(fork: Fork): Promise<Draws> {
    this.#processes.exercise(fork.child);
    const what = `fork ${fork.number}: its exercises`;
    const report = await this.#processes.answer(fork.child, ['exercised'], exerciseMs, what);
    for (const trial of report.trials) this.#addTrial(fork, trial);
    return report.draws;
  }

  /** Orders a worker that accepts from a port of its own. */
  #spawn(mold: Child, slot: number): Pick<Fork, 'child' | 'port'> {
    const listener = native.listenTcp({
      ...{ address: host, port: 0, backlog: 16 },
      ...{ reusePort: false, ipv6Only: false },
    });
    try {
      const action = { type: 'spawn', mold: mold.id, slot, canary: false } as const;
      const child = this.#processes.perform(action, [listener]);
      return { child, port: native.boundPort(listener) };
    } finally {
      native.closeDescriptor(listener);
    }
  }

  /** A failed request may stem from the end of its process. */
  async #explained({ name, detail, answered }: RequestTrial, child: Child): Promise<Failure> {
    if (!answered) await this.#processes.gone([child], crashMs);
    const end = this.#processes.endOf(child);
    const crash = end === undefined ? '' : `; the process ended with ${end}`;
    return new Failure(`${name}: ${detail}${crash}`);
  }

  #compare(draws: readonly Draws[]): void {
    const names = Object.keys(draws[0] ?? {});
    const equal = names.filter(
      (name) => new Set(draws.map((each) => each[name])).size < draws.length,
    );
    const detail =
      equal.length === 0 ? `differs in ${draws.length} forks` : `equal in two: ${equal.join(', ')}`;
    this.#trials.push({ name: 'randomness', ok: equal.length === 0, detail });
  }
}

/** Compared findings differ in pids and counts only. */
function withoutNumbers(finding: Finding): string {
  return describeFinding(finding).replaceAll(/\d+/g, '');
}
