// Finds out whether an app can be forked by forking it: a real mold in a throw-away process, and
// two real workers of it, which are exercised.
import type { Overrides } from '../config/overrides.js';
import type { Settings } from '../config/settings.js';
import type { Child } from '../monitor/fleet/child.js';
import { describeFinding, type Finding } from '../protocol/finding.js';
import type { Trial } from '../protocol/trial.js';
import { native } from '../system/native.js';
import { Failure, Processes } from './processes.js';
import { sendRequest, type RequestTrial } from './request.js';
import type { CheckResult } from './result.js';
import { endStrays } from './strays.js';

/** For the answer to an exercise; its trials have deadlines of their own. */
const exerciseMs = 40_000;
const loopback = '127.0.0.1';
const canaries = 2;
const exitMs = 3_000;
/** Time from a failed request to the end of the process that caused it. */
const crashMs = 1_000;

/** Each canary is sent a request for `path`; null: none. */
export async function check(
  settings: Settings,
  overrides: Overrides,
  path: string | null,
): Promise<CheckResult> {
  const checking = new Check(settings, overrides);
  try {
    await checking.run(path);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    checking.failure = error.message;
  } finally {
    await checking.end();
  }
  return checking.result();
}

class Check {
  failure: string | null = null;
  readonly #settings: Settings;
  readonly #processes: Processes;
  readonly #findings: Finding[] = [];
  readonly #cut: string[] = [];
  readonly #trials: Trial[] = [];
  #forkMs: number | null = null;

  constructor(settings: Settings, overrides: Overrides) {
    this.#settings = settings;
    this.#processes = new Processes(settings, overrides, canaries);
  }

  async run(path: string | null): Promise<void> {
    const mold = await this.#boot();
    const draws: Record<string, string>[] = [];
    for (let slot = 0; slot < canaries; slot++) draws.push(await this.#tryCanary(mold, slot, path));
    this.#compare(draws);
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
      cut: this.#cut,
      forkMs: this.#forkMs,
      trials: this.#trials,
    };
  }

  async end(): Promise<void> {
    await this.#processes.end(exitMs);
    await endStrays(exitMs);
  }

  async #boot(): Promise<Child> {
    const { spawnTimeoutMs } = this.#settings;
    const processes = this.#processes;
    const mold = processes.perform({ type: 'boot' });
    const types = ['frozen', 'refused'] as const;
    const report = await processes.answer(mold, types, spawnTimeoutMs, 'loading the app');
    for (const { findings } of processes.reportsOf(mold, 'audited'))
      this.#findings.push(...findings);
    for (const { connections } of processes.reportsOf(mold, 'cut')) this.#cut.push(...connections);
    if (report.type === 'refused') {
      this.#findings.push(...report.findings);
      throw new Failure(report.findings.map(describeFinding).join('; '));
    }
    return mold;
  }

  /** Resolves with the random values that the worker drew. */
  async #tryCanary(
    mold: Child,
    slot: number,
    path: string | null,
  ): Promise<Record<string, string>> {
    const { spawnTimeoutMs } = this.#settings;
    const processes = this.#processes;
    const { canary, port } = this.#fork(mold, slot);
    const types = ['forked', 'forkFailed'] as const;
    const forked = await processes.answer(mold, types, spawnTimeoutMs, 'the fork');
    if (forked.type === 'forkFailed') throw new Failure(`the fork failed: ${forked.reason}`);
    // It may have ended before its pid was known.
    processes.reap();
    this.#forkMs ??= forked.durationMs;
    await processes.answer(canary, ['serving'], spawnTimeoutMs, 'the canary');
    const add = ({ name, ok, detail }: Trial): void =>
      void this.#trials.push({ name: `fork ${slot + 1}: ${name}`, ok, detail });
    if (path !== null) {
      const trial = await sendRequest({ host: loopback, port, path }, spawnTimeoutMs);
      add(trial);
      if (!trial.ok) throw await this.#explained(trial, canary);
    }
    processes.exercise(canary);
    const exercised = await processes.answer(
      canary,
      ['exercised'],
      exerciseMs,
      'the canary’s exercises',
    );
    for (const trial of exercised.trials) add(trial);
    const known = new Set(this.#findings.map(withoutNumbers));
    const news = exercised.findings.filter((finding) => !known.has(withoutNumbers(finding)));
    this.#findings.push(...news);
    return exercised.draws;
  }

  /** Orders a worker that accepts from a port of its own. */
  #fork(mold: Child, slot: number): { canary: Child; port: number } {
    const listener = native.listenTcp({
      ...{ address: loopback, port: 0, backlog: 16 },
      ...{ reusePort: false, ipv6Only: false },
    });
    try {
      const action = { type: 'spawn', mold: mold.id, slot, canary: true } as const;
      const canary = this.#processes.perform(action, [listener]);
      return { canary, port: native.boundPort(listener) };
    } finally {
      native.closeDescriptor(listener);
    }
  }

  /** A failed request may stem from the end of its process. */
  async #explained({ name, detail, answered }: RequestTrial, canary: Child): Promise<Failure> {
    if (!answered) await this.#processes.gone([canary], crashMs);
    const end = this.#processes.endOf(canary);
    const crash = end === undefined ? '' : `; the process ended with ${end}`;
    return new Failure(`${name}: ${detail}${crash}`);
  }

  #compare([one = {}, other = {}]: readonly Record<string, string>[]): void {
    const equal = Object.keys(one).filter((name) => one[name] === other[name]);
    const detail =
      equal.length === 0 ? 'differs in two forks' : `equal in two: ${equal.join(', ')}`;
    this.#trials.push({ name: 'randomness', ok: equal.length === 0, detail });
  }
}

/** Compared findings differ in pids and counts only. */
function withoutNumbers(finding: Finding): string {
  return describeFinding(finding).replaceAll(/\d+/g, '');
}
