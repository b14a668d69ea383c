// The processes of a check: a minimal monitor, which gives one order at a time and waits for the
// answer, with a deadline.
import { describeEnd } from '../base/exit-codes.js';
import type { Overrides } from '../config/overrides.js';
import type { Settings } from '../config/settings.js';
import { Children } from '../monitor/children/children.js';
import { signal } from '../monitor/children/kill.js';
import type { Child } from '../monitor/fleet/child.js';
import { Fleet } from '../monitor/fleet/fleet.js';
import { hear, reasonOf } from '../monitor/fleet/hear.js';
import { carryOut, type Action } from '../monitor/plan/carry-out.js';
import type { Report, ReportOf } from '../protocol/message.js';
import { credentialsOf } from '../system/credentials.js';
import { native } from '../system/native.js';

/** The end of a check, in words for the user. */
export class Failure extends Error {}

export class Processes {
  readonly #settings: Settings;
  readonly #overrides: Overrides;
  readonly #fleet: Fleet;
  readonly #heard = new Map<number, Report[]>();
  readonly #ends = new Map<number, string>();
  readonly #hungUp = new Set<number>();
  readonly #breaches = new Map<number, string>();
  readonly #children: Children;
  readonly #waiting = new Set<() => void>();

  constructor(settings: Settings, overrides: Overrides, workers: number) {
    this.#settings = settings;
    this.#overrides = overrides;
    this.#fleet = new Fleet({ workers, backoffMs: 0 });
    this.#children = new Children(
      {
        report: (id, report) => this.#hear(id, report),
        hungUp: (id) => this.#hungUpBy(id),
        broke: (id, rule) => this.#broke(id, rule),
        lostSnapshot: () => undefined, // None is asked for.
        ended: (pid, code, signal) => {
          this.#ends.set(pid, describeEnd({ code, signal }));
          this.#changed();
        },
      },
      // Standard output is reserved for the result.
      { credentials: credentialsOf(settings), stdout: 2 },
    );
    native.becomeSubreaper();
    process.on('SIGCHLD', this.reap);
  }

  /** Performs a decision of the kind that the plan takes; returns the child concerned. */
  perform(action: Action, listeners: readonly number[] = []): Child {
    for (const effect of carryOut(this.#fleet, action, performance.now()))
      switch (effect.type) {
        case 'boot':
          this.#boot(effect.child);
          return effect.child;
        case 'fork':
          this.#children.order(effect.child, effect.mold, listeners);
          return effect.child;
        case 'send':
          this.#children.send(effect.child.id, effect.order);
          return effect.child;
        default: // A check has no rollouts, and has its own kills.
      }
    throw new Error(`${action.type}: the child is gone`);
  }

  /** Makes a worker exercise what a live process needs. */
  exercise({ id }: Child): void {
    this.#children.send(id, { type: 'exercise' });
  }

  /**
   * Resolves with the first report of one of these types, and consumes it. Throws a Failure if none
   * can come any more.
   */
  async answer<Type extends Report['type']>(
    child: Child,
    types: readonly Type[],
    timeoutMs: number,
    what: string,
  ): Promise<ReportOf<Type>> {
    const isWanted = (report: Report): report is ReportOf<Type> =>
      types.some((type) => type === report.type);
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const heard = this.#heard.get(child.id) ?? [];
      const found = heard.find(isWanted);
      if (found) {
        heard.splice(heard.indexOf(found), 1);
        return found;
      }
      const breach = this.#breaches.get(child.id);
      if (breach !== undefined) throw new Failure(`${what} broke the protocol: ${breach}`);
      const failed = heard.find((report) => report.type === 'failed');
      if (failed) throw new Failure(`${what} failed: ${reasonOf(failed)}`);
      const end = this.endOf(child);
      // Its last report is more precise than its end, which may be noticed first.
      if (end !== undefined && this.#hungUp.has(child.id))
        throw new Failure(`${what} failed: the process ended with ${end}`);
      if (performance.now() >= deadline)
        throw new Failure(`${what}: no answer within ${timeoutMs} ms: it hangs`);
      await this.#change(deadline);
    }
  }

  /** Reports of a type that have not been consumed. */
  reportsOf<Type extends Report['type']>(child: Child, type: Type): ReportOf<Type>[] {
    const heard = this.#heard.get(child.id) ?? [];
    return heard.filter((report): report is ReportOf<Type> => report.type === type);
  }

  /** Such as 'SIGSEGV' or 'exit code 1: …'; undefined while it lives. */
  endOf({ pid }: Child): string | undefined {
    return pid === null ? undefined : this.#ends.get(pid);
  }

  /** Resolves when all of them have ended, or at the deadline. */
  async gone(children: readonly Child[], timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.#alive(children).length > 0 && performance.now() < deadline)
      await this.#change(deadline);
  }

  /** Ends every process that was started. Each may exit by itself first, to clean up. */
  async end(timeoutMs: number): Promise<void> {
    const all = [...this.#fleet.children.values()];
    const alive = this.#alive(all);
    const workers = alive.filter(({ role }) => role === 'worker');
    for (const child of workers) this.#tellToExit(child, false);
    await this.gone(workers, timeoutMs);
    const molds = alive.filter(({ role }) => role === 'mold');
    for (const [index, mold] of molds.entries()) {
      this.#tellToExit(mold, index === molds.length - 1);
      await this.gone([mold], timeoutMs);
    }
    for (const { pid } of this.#alive(all)) signal(pid, 'SIGKILL');
    await this.gone(all, timeoutMs);
    process.off('SIGCHLD', this.reap);
  }

  readonly reap = (): void => {
    for (const child of this.#fleet.children.values()) this.#learnPid(child);
    const alive = this.#alive([...this.#fleet.children.values()]);
    this.#children.reap(alive.flatMap(({ pid }) => pid ?? []));
  };

  #alive(children: readonly Child[]): Child[] {
    return children.filter((child) => child.pid !== null && this.endOf(child) === undefined);
  }

  #boot(child: Child): void {
    const { file, nodeOptions } = this.#settings;
    const { role, slot, generation, phase } = child;
    const made = { role, slot, generation, phase };
    const order = { type: 'boot', file, overrides: this.#overrides, ...made } as const;
    this.#fleet.started(child, this.#children.boot(child, nodeOptions, order, []));
  }

  #tellToExit({ id, pid, role, state }: Child, last: boolean): void {
    if (role === 'worker') this.perform({ type: 'drain', child: id });
    else if (state === 'frozen') this.perform({ type: 'retire', mold: id, last });
    else signal(pid, 'SIGTERM'); // It takes no orders yet.
  }

  #hear(id: number, report: Report): void {
    const child = this.#fleet.get(id);
    if (!child) return;
    if (report.type === 'forked') this.#learnPid(this.#fleet.get(report.id));
    if (report.type === 'born') this.#learnPid(child);
    // Ordered here only.
    if (report.type !== 'exercised') {
      const breach = hear(this.#fleet, child, report, performance.now());
      if (breach !== null) return this.#broke(id, breach);
    }
    this.#heard.set(id, [...(this.#heard.get(id) ?? []), report]);
    this.#changed();
  }

  #learnPid(child: Child | undefined): void {
    const pid = child && child.pid === null ? this.#children.takePid(child.id) : null;
    if (child && pid !== null) this.#fleet.started(child, pid);
  }

  /** Its process ends with all others. */
  #broke(id: number, rule: string): void {
    this.#breaches.set(id, rule);
    this.#hungUpBy(id);
  }

  #hungUpBy(id: number): void {
    this.#learnPid(this.#fleet.get(id));
    this.#children.forget(id);
    this.#hungUp.add(id);
    this.reap();
    this.#changed();
  }

  #changed(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next report or end of a process, or at the deadline. */
  #change(deadline: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, deadline - performance.now());
      this.#waiting.add(wake);
    });
  }
}
