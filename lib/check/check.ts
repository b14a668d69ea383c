// Finds out whether an app can be forked by forking it: a real mold in a throw-away process, and
// two real workers of it, which are put to the test. What follows is a monitor in its simplest
// form: it gives each order once and waits for its answer, with a deadline.
import type { Overrides } from '../config/overrides.js';
import type { Settings } from '../config/settings.js';
import type { Trial } from '../protocol/trial.js';
import { describeFinding, type Finding } from '../protocol/finding.js';
import type { Order, Report } from '../protocol/message.js';
import type { Child } from '../monitor/fleet/child.js';
import { Children } from '../monitor/children/children.js';
import { Fleet } from '../monitor/fleet/fleet.js';
import { credentialsOf } from '../system/credentials.js';
import { signal } from '../monitor/children/kill.js';
import { native } from '../system/native.js';
import { endStrays } from './strays.js';
import { sendRequest, type RequestTrial } from './request.js';
import type { CheckResult } from './result.js';

type Of<Type extends Report['type']> = Extract<Report, { type: Type }>;

/** For the answer to an exercise, whose trials have deadlines of their own. */
const exerciseMs = 40_000;
const loopback = '127.0.0.1';
const canaries = 2;
const partingMs = 3_000;
/** From a failed request to the end of the process that caused it. */
const crashMs = 1_000;

/** `path` is requested from each canary; null: nothing is. */
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

/** The end of a check, in words for the user. */
class Failure extends Error {}

class Check {
  failure: string | null = null;
  readonly #settings: Settings;
  readonly #overrides: Overrides;
  readonly #fleet = new Fleet({ workers: canaries, backoffMs: 0 });
  readonly #heard = new Map<number, Report[]>();
  readonly #ended = new Map<number, string>();
  readonly #hungUp = new Set<number>();
  #changed: () => void = () => undefined;
  readonly #findings: Finding[] = [];
  readonly #cut: string[] = [];
  readonly #trials: Trial[] = [];
  #forkMs: number | null = null;
  readonly #children: Children;

  constructor(settings: Settings, overrides: Overrides) {
    this.#settings = settings;
    this.#overrides = overrides;
    this.#children = new Children(
      {
        report: (id, report) => this.#hear(id, report),
        hungUp: (id) => this.#parted(id),
        ended: (pid, code, signal) => this.#over(pid, signal ?? `exit code ${code}`),
      },
      // Its standard output is the result's.
      { credentials: credentialsOf(settings), stdout: 2 },
    );
  }

  async run(path: string | null): Promise<void> {
    native.becomeSubreaper();
    process.on('SIGCHLD', this.#reap);
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

  /** Nothing that was started outlives the check. It may leave by itself, to tidy up. */
  async end(): Promise<void> {
    const all = [...this.#fleet.children.values()];
    for (const role of ['worker', 'mold'] as const) {
      const leaving = this.#left(all).filter((child) => child.role === role);
      for (const child of leaving) this.#tellToLeave(child);
      await this.#gone(leaving, partingMs);
    }
    for (const { pid } of this.#left(all)) signal(pid, 'SIGKILL');
    await this.#gone(all, partingMs);
    process.off('SIGCHLD', this.#reap);
    await endStrays(partingMs);
  }

  #tellToLeave({ id, pid, role, state }: Child): void {
    if (role === 'worker') this.#children.send(id, { type: 'drain' });
    else if (state === 'frozen') this.#children.send(id, { type: 'retire', last: true });
    else signal(pid, 'SIGTERM'); // It takes no orders yet.
  }

  async #gone(children: readonly Child[], timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.#left(children).length > 0 && performance.now() < deadline)
      await this.#change(deadline);
  }

  #left(children: readonly Child[]): Child[] {
    return children.filter(({ pid }) => pid !== null && !this.#ended.has(pid));
  }

  async #boot(): Promise<Child> {
    const { file, nodeOptions, spawnTimeoutMs } = this.#settings;
    const role = { role: 'mold', state: 'booting', slot: null, generation: 0, phase: 0 } as const;
    const mold = this.#fleet.add({ ...role, parent: null }, 0);
    const order: Order = {
      ...{ type: 'boot', file, overrides: this.#overrides },
      ...{ role: 'mold', slot: null, generation: 0, phase: 0 },
    };
    mold.pid = this.#children.boot(mold, nodeOptions, order, []);
    const report = await this.#answer(
      mold,
      ['frozen', 'refused'],
      spawnTimeoutMs,
      'loading the app',
    );
    for (const { findings } of this.#all(mold, 'audited')) this.#findings.push(...findings);
    for (const { connections } of this.#all(mold, 'cut')) this.#cut.push(...connections);
    if (report.type === 'refused') {
      this.#findings.push(...report.findings);
      throw new Failure(report.findings.map(describeFinding).join('; '));
    }
    mold.state = 'frozen';
    return mold;
  }

  /** Resolves with what it drew. */
  async #tryCanary(
    mold: Child,
    slot: number,
    path: string | null,
  ): Promise<Record<string, string>> {
    const { spawnTimeoutMs } = this.#settings;
    const role = { role: 'worker', state: 'spawning', slot, generation: 0, phase: 0 } as const;
    const canary = this.#fleet.add({ ...role, parent: mold.id }, 0);
    const listener = native.listenTcp({
      ...{ address: loopback, port: 0, backlog: 16 },
      ...{ reusePort: false, ipv6Only: false },
    });
    const port = native.boundPort(listener);
    try {
      this.#children.order(canary, mold, [listener]);
    } finally {
      native.closeDescriptor(listener);
    }
    const forked = await this.#answer(mold, ['forked', 'forkFailed'], spawnTimeoutMs, 'the fork');
    if (forked.type === 'forkFailed') throw new Failure(`the fork failed: ${forked.reason}`);
    canary.pid = forked.pid;
    // It may have ended before anybody knew it.
    this.#reap();
    this.#forkMs ??= forked.durationMs;
    await this.#answer(canary, ['serving'], spawnTimeoutMs, 'the canary');
    const add = ({ name, ok, detail }: Trial): void =>
      void this.#trials.push({ name: `fork ${slot + 1}: ${name}`, ok, detail });
    if (path !== null) {
      const trial = await sendRequest({ host: loopback, port, path }, spawnTimeoutMs);
      add(trial);
      if (!trial.ok) throw await this.#explained(trial, canary);
    }
    this.#children.send(canary.id, { type: 'exercise' });
    const { trials, draws, findings } = await this.#answer(
      canary,
      ['exercised'],
      exerciseMs,
      'the canary’s exercises',
    );
    for (const trial of trials) add(trial);
    const known = new Set(this.#findings.map(withoutNumbers));
    this.#findings.push(...findings.filter((finding) => !known.has(withoutNumbers(finding))));
    return draws;
  }

  /** A request that failed, perhaps because the process did. */
  async #explained({ name, detail, answered }: RequestTrial, canary: Child): Promise<Failure> {
    if (!answered) await this.#gone([canary], crashMs);
    const end = canary.pid === null ? undefined : this.#ended.get(canary.pid);
    const crash = end === undefined ? '' : `; the process ended with ${end}`;
    return new Failure(`${name}: ${detail}${crash}`);
  }

  #compare([one = {}, other = {}]: readonly Record<string, string>[]): void {
    const equal = Object.keys(one).filter((name) => one[name] === other[name]);
    const detail =
      equal.length === 0 ? 'differs in two forks' : `equal in two: ${equal.join(', ')}`;
    this.#trials.push({ name: 'randomness', ok: equal.length === 0, detail });
  }

  /** The first report of one of these types; consumed. Throws a Failure if there will be none. */
  async #answer<Type extends Report['type']>(
    child: Child,
    types: readonly Type[],
    timeoutMs: number,
    what: string,
  ): Promise<Of<Type>> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const heard = this.#heard.get(child.id) ?? [];
      const index = heard.findIndex(({ type }) => types.some((wanted) => wanted === type));
      const [found] = index === -1 ? [] : heard.splice(index, 1);
      if (found) return found as Of<Type>;
      const failed = heard.find((report) => report.type === 'failed');
      if (failed) throw new Failure(`${what} failed: ${failed.step}: ${failed.reason}`);
      const end = child.pid === null ? undefined : this.#ended.get(child.pid);
      // Its last word tells more than its end, which may be noticed first.
      if (end !== undefined && this.#hungUp.has(child.id))
        throw new Failure(`${what} failed: the process ended with ${end}`);
      if (performance.now() >= deadline)
        throw new Failure(`${what}: no answer within ${timeoutMs} ms: it hangs`);
      await this.#change(deadline);
    }
  }

  #all<Type extends Report['type']>(child: Child, type: Type): Of<Type>[] {
    const heard = this.#heard.get(child.id) ?? [];
    return heard.filter((report): report is Of<Type> => report.type === type);
  }

  #hear(id: number, report: Report): void {
    this.#heard.set(id, [...(this.#heard.get(id) ?? []), report]);
    this.#changed();
  }

  #parted(id: number): void {
    this.#children.forget(id);
    this.#hungUp.add(id);
    this.#reap();
    this.#changed();
  }

  readonly #reap = (): void => {
    const pids = [...this.#fleet.children.values()].flatMap(({ pid }) => pid ?? []);
    this.#children.reap(pids.filter((pid) => !this.#ended.has(pid)));
  };

  #over(pid: number, how: string): void {
    this.#ended.set(pid, how);
    this.#changed();
  }

  /** Resolves when something was heard, or at the deadline. */
  #change(deadline: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, deadline - performance.now());
      this.#changed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The same in each process but for pids and counts, and told once. */
function withoutNumbers(finding: Finding): string {
  return describeFinding(finding).replaceAll(/\d+/g, '');
}
