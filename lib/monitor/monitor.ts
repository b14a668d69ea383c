// The monitor: records what happens, asks the plan, has it performed. It never loads the app:
// nothing here imports lib/life or lib/engines (spec/tidy.spec.ts proves it).
import type { Overrides } from '../config/overrides.js';
import type { Settings } from '../config/settings.js';
import type { Report } from '../message.js';
import { Children } from './children.js';
import type { Child } from './child.js';
import type { Outcome } from './control.js';
import { Fleet, type Stopping } from './fleet.js';
import { runMonitorHook } from './hooks.js';
import type { Credentials } from './credentials.js';
import type { Listeners } from './listeners.js';
import type { Log } from './log.js';
import { Measurements } from './measurements.js';
import { watchMemory } from './memory-watch.js';
import { fieldsOf, narrate } from './narrate.js';
import { Performer, type Ending, type RolloutTimes } from './perform.js';
import { plan } from './plan.js';
import type { RolloutKind } from './rollouts.js';
import type { ServiceManager } from './service-manager.js';
import { Waiters } from './waiters.js';

/** Deadlines are looked at this often. */
const tickMs = 200;
/** A tick later than this means that the monitor itself did not run. */
const oversleptMs = 1_000;
/** More rounds than this without coming to rest is a defect of the plan. */
const maxRounds = 1_000;

/** Why a child left that was told to, for the metrics. */
const askedBy = ({ tooLarge }: Child): string => (tooLarge ? 'memory' : 'asked');

export interface MonitorParts {
  readonly settings: Settings;
  readonly overrides: Overrides;
  readonly listeners: Listeners;
  readonly log: Log;
  /** Who the app runs as; undefined: as the monitor. */
  readonly credentials: Credentials | undefined;
  readonly serviceManager: ServiceManager;
}

const now = (): number => performance.now();

export class Monitor {
  readonly fleet: Fleet;
  readonly measurements: Measurements;
  readonly #parts: MonitorParts;
  readonly #children: Children;
  readonly #waiters = new Waiters();
  #timer: NodeJS.Timeout | undefined;
  #lastTick = now();
  #performing = false;
  readonly #performer: Performer;

  constructor(parts: MonitorParts) {
    this.#parts = parts;
    const { workers, refork } = parts.settings;
    this.fleet = new Fleet({ workers, backoffMs: refork.backoffMs });
    this.#children = new Children(
      {
        report: (id, report) => this.#report(id, report),
        hungUp: (id) => this.#hungUp(id),
        ended: (pid, code, signal) => this.#ended(pid, code, signal),
      },
      { credentials: parts.credentials },
    );
    this.measurements = new Measurements(
      this.fleet,
      (id, order) => this.#children.send(id, order),
      () => parts.log.dropped(),
    );
    this.#performer = new Performer({
      ...parts,
      fleet: this.fleet,
      children: this.#children,
      measurements: this.measurements,
      waiters: this.#waiters,
    });
  }

  /** Resolves when everything has left. */
  get over(): Promise<Ending> {
    return this.#performer.over;
  }

  /** When the last rollout began and ended. */
  get rolloutTimes(): RolloutTimes {
    return this.#performer.rolloutTimes;
  }

  run(): Promise<Ending> {
    this.#timer = setInterval(() => this.#tick(), tickMs);
    const { maxWorkerMemoryBytes: limitBytes } = this.#parts.settings;
    if (limitBytes !== null) {
      const { fleet } = this;
      const { log } = this.#parts;
      const end = watchMemory({ fleet, limitBytes, log, marked: () => this.turn() });
      void this.over.then(end);
    }
    this.turn();
    return this.over;
  }

  // Wishes

  /** Resolves when the rollout that this asks for has succeeded or was given up. */
  rollOut(kind: RolloutKind, reason: string): Promise<Outcome> {
    if (this.fleet.stopping)
      return Promise.resolve({ ok: false, error: `no ${kind}: the server is shutting down` });
    this.#parts.log.info({ reason }, `${kind} requested`);
    const during = this.fleet.rollouts.attempt !== null;
    this.fleet.rollouts.want(kind, reason, now());
    const outcome = this.#waiters.add(kind, during ? 'next' : 'current');
    this.turn();
    return outcome;
  }

  stop(how: Stopping, reason: string): void {
    if (this.fleet.stopping === 'immediate' || this.fleet.stopping === how) return;
    this.#parts.log.info({ reason }, how === 'graceful' ? 'stopping' : 'stopping at once');
    this.fleet.stopping = how;
    const delays = how === 'graceful' && this.fleet.booted;
    this.fleet.leaveAt = now() + (delays ? this.#parts.settings.shutdownDelayMs : 0);
    this.fleet.rollouts.clear();
    this.#waiters.settleAll({ ok: false, error: 'the server was stopped' });
    this.turn();
  }

  /** One worker more or less; at least one stays. */
  changeWorkers(by: 1 | -1): Outcome {
    const wanted = this.fleet.workers + by;
    if (this.fleet.stopping) return { ok: false, error: 'the server is shutting down' };
    if (wanted < 1) return { ok: false, error: 'one worker is the least' };
    try {
      this.#parts.listeners.grow(wanted);
    } catch (error) {
      this.#parts.log.error({ err: error }, 'cannot add a worker');
      return { ok: false, error: String(error) };
    }
    this.fleet.workers = wanted;
    this.fleet.queues = Math.max(this.fleet.queues, wanted);
    this.#parts.log.info({ workers: wanted }, 'number of workers changed');
    this.turn();
    return { ok: true, workers: wanted };
  }

  /** For logrotate, which moves the file away first. */
  reopenLog(): void {
    const { log } = this.#parts;
    try {
      if (log.reopen()) log.info({}, 'log file reopened');
      else this.ignore('SIGHUP');
    } catch (error) {
      log.error({ err: error }, 'cannot reopen the log file, the old one goes on');
    }
  }

  ignore(signal: NodeJS.Signals): void {
    this.#parts.log.info({ signal }, 'signal without a meaning here');
  }

  /**
   * SIGCHLD. A child is reaped when its channel has ended: what it said last was read by then, and
   * until then its pid cannot become somebody else's.
   */
  reap(): void {
    const children = [...this.fleet.children.values()].filter(({ pid }) => pid !== null);
    const pids = (some: typeof children) => some.map(({ pid }) => pid ?? 0);
    this.#children.reap(pids(children.filter(({ hungUpAt }) => hungUpAt !== null)));
    for (const pid of this.#children.reapStrangers(pids(children)))
      this.#parts.log.info({ pid }, 'reaped unknown subprocess');
    this.turn();
  }

  // Events: recorded, never acted upon here

  #report(id: number, report: Report): void {
    this.#noticeSleep();
    const child = this.fleet.get(id);
    if (!child) return;
    this.fleet.hear(child, report, now());
    this.measurements.hear(child, report);
    narrate(this.#parts.log, child, report, now());
    if (report.type !== 'measured') this.turn();
  }

  #hungUp(id: number): void {
    const child = this.fleet.get(id);
    this.#children.forget(id);
    if (child) this.fleet.hungUp(child, now());
    this.reap();
  }

  #ended(pid: number, code: number | null, signal: string | null): void {
    const child = this.fleet.byPid(pid);
    if (!child) return;
    const how = signal ?? `exit code ${code}`;
    const { asked } = this.fleet.ended(child, how, now());
    const clean = asked && code === 0;
    const halted = this.fleet.stopping === 'immediate' && signal === 'SIGKILL';
    this.#parts.log[clean || halted ? 'info' : 'error'](
      { ...fieldsOf(child), code, signal, ...(clean ? {} : { reason: child.reason }) },
      clean ? 'left' : halted ? 'killed' : 'ended unexpectedly',
    );
    this.#children.forget(child.id);
    this.measurements.retire(child.id);
    this.measurements.exited(clean ? askedBy(child) : (signal ?? 'code'));
    const { role, slot, generation, phase } = child;
    const info = { pid, role, slot, generation, phase };
    void runMonitorHook(this.#parts, 'afterWorkerExit', info, { code, signal });
    this.turn();
  }

  #tick(): void {
    this.#noticeSleep();
    this.#lastTick = now();
    this.reap();
  }

  /** Before anything else, since what piled up meanwhile is read before the timer's turn comes. */
  #noticeSleep(): void {
    const at = now();
    const gap = at - this.#lastTick - tickMs;
    if (gap <= oversleptMs) return;
    this.fleet.forgive(gap, at);
    this.#lastTick = at;
  }

  /** Decides and performs until there is nothing left to do. */
  turn(): void {
    if (this.#performing) return;
    this.#performing = true;
    this.#noticeSleep();
    try {
      for (let round = 0; ; round++) {
        if (round > maxRounds) throw new Error('the plan does not come to rest');
        const actions = plan(this.fleet, this.#parts.settings, now());
        if (actions.length === 0) return;
        for (const action of actions) {
          this.#performer.perform(action);
          if (action.type === 'exit') return clearInterval(this.#timer);
        }
      }
    } finally {
      this.#performing = false;
      this.#parts.serviceManager.tell(this.fleet);
    }
  }
}
