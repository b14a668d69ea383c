// The monitor: records what happens, asks the plan, performs. The one place where children are
// started, told to leave and killed. It never loads the app: nothing here imports lib/life or
// lib/engines (spec/tidy.spec.ts proves it).
import type { Overrides } from '../config/overrides.js';
import type { Settings } from '../config/settings.js';
import type { Report } from '../message.js';
import { unreachable } from '../unreachable.js';
import { Children } from './children.js';
import type { Outcome } from './control.js';
import { Fleet, type Child, type Stopping } from './fleet.js';
import { runMonitorHook } from './hooks.js';
import type { Listeners } from './listeners.js';
import type { ChildFields, Log } from './log.js';
import { Measurements } from './measurements.js';
import { plan, type Action } from './plan.js';
import { Waiters } from './waiters.js';

/** Deadlines are looked at this often. */
const tickMs = 200;
/** A tick later than this means that the monitor itself did not run. */
const oversleptMs = 1_000;
/** More rounds than this without coming to rest is a defect of the plan. */
const maxRounds = 1_000;

export interface MonitorParts {
  readonly settings: Settings;
  readonly overrides: Overrides;
  readonly listeners: Listeners;
  readonly log: Log;
}

/** How it ended: `reason` tells why a code is not 0. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

const now = (): number => performance.now();

export class Monitor {
  readonly fleet: Fleet;
  readonly measurements: Measurements;
  readonly startedAt = now();
  /** Of the last refork, in wall-clock time, for the status. */
  reforkStartedAt: Date | null = null;
  reforkFinishedAt: Date | null = null;
  readonly #parts: MonitorParts;
  readonly #children: Children;
  readonly #waiters = new Waiters();
  #timer: NodeJS.Timeout | undefined;
  #lastTick = now();
  #performing = false;
  #exit: (ending: Ending) => void = () => undefined;
  /** Resolves when everything has left. */
  readonly over = new Promise<Ending>((resolve) => (this.#exit = resolve));

  constructor(parts: MonitorParts) {
    this.#parts = parts;
    const { workers, refork } = parts.settings;
    this.fleet = new Fleet({ workers, backoffMs: refork.backoffMs });
    this.#children = new Children({
      report: (id, report) => this.#report(id, report),
      hungUp: (id) => this.#hungUp(id),
      ended: (pid, code, signal) => this.#ended(pid, code, signal),
    });
    this.measurements = new Measurements(
      this.fleet,
      (id, order) => this.#children.send(id, order),
      () => parts.log.dropped(),
    );
  }

  run(): Promise<Ending> {
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.turn();
    return this.over;
  }

  // Wishes

  /** Resolves when the refork that this asks for has succeeded or was given up. */
  refork(reason: string): Promise<Outcome> {
    if (this.fleet.stopping)
      return Promise.resolve({ ok: false, error: 'cannot refork: the server is shutting down' });
    this.#parts.log.info({ reason }, 'refork requested');
    const during = this.fleet.attempt !== null;
    this.fleet.wishRefork(reason, now());
    const outcome = this.#waiters.add(during ? 'next' : 'current');
    this.turn();
    return outcome;
  }

  stop(how: Stopping, reason: string): void {
    if (this.fleet.stopping === 'immediate' || this.fleet.stopping === how) return;
    this.#parts.log.info({ reason }, how === 'graceful' ? 'stopping' : 'stopping at once');
    this.fleet.stopping = how;
    this.fleet.wish = this.fleet.attempt = this.fleet.again = null;
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

  ignore(signal: NodeJS.Signals): void {
    this.#parts.log.info({ signal }, 'signal without a meaning here');
  }

  /** SIGCHLD. */
  reap(): void {
    const pids = [...this.fleet.children.values()].flatMap(({ pid }) =>
      pid === null ? [] : [pid],
    );
    for (const pid of this.#children.reap(pids))
      this.#parts.log.info({ pid }, 'reaped unknown subprocess');
    this.turn();
  }

  // Events: recorded, never acted upon here

  #report(id: number, report: Report): void {
    const child = this.fleet.get(id);
    if (!child) return;
    this.fleet.hear(child, report, now());
    this.measurements.hear(child, report);
    const fields = fieldsOf(child);
    const { log } = this.#parts;
    switch (report.type) {
      case 'born':
        log.debug(fields, 'born');
        break;
      case 'serving':
        log.info({ ...fields, ms: Math.round(now() - child.createdAt) }, 'ready');
        break;
      case 'drained':
        log.info(fields, 'drained, becoming a mold');
        break;
      case 'frozen':
        log.info(fields, 'mold ready');
        break;
      case 'forkFailed':
        log.error({ ...fields, reason: report.reason }, 'could not fork');
        break;
      case 'failed':
        log.error({ ...fields, step: report.step, reason: report.reason }, 'failed');
        break;
      case 'leaving':
        if (report.cut > 0) log.warn({ ...fields, cut: report.cut }, 'cut requests that overran');
        break;
      case 'note':
        log[report.level](fields, report.text);
        break;
      case 'forked':
      case 'heartbeat':
      case 'measured':
        break;
      default:
        unreachable(report);
    }
    if (report.type !== 'measured') this.turn();
  }

  #hungUp(id: number): void {
    const child = this.fleet.get(id);
    this.#children.forget(id);
    if (child) this.fleet.hungUp(child, now());
    this.turn();
  }

  #ended(pid: number, code: number | null, signal: string | null): void {
    const child = this.fleet.byPid(pid);
    if (!child) return;
    const how = signal ?? `exit code ${code}`;
    const { asked } = this.fleet.ended(child, how, now());
    const clean = asked && code === 0;
    this.#parts.log[clean ? 'info' : 'error'](
      { ...fieldsOf(child), code, signal, ...(clean ? {} : { reason: child.reason }) },
      clean ? 'left' : 'ended unexpectedly',
    );
    this.#gone(child);
    this.measurements.exited(clean ? 'asked' : (signal ?? 'code'));
    const { role, slot, generation, phase } = child;
    const info = { pid, role, slot, generation, phase };
    void runMonitorHook(this.#parts, 'afterWorkerExit', info, { code, signal });
    this.turn();
  }

  #gone(child: Child): void {
    this.#children.forget(child.id);
    this.measurements.retire(child.id);
  }

  #tick(): void {
    const at = now();
    const gap = at - this.#lastTick - tickMs;
    if (gap > oversleptMs) this.fleet.forgive(gap);
    this.#lastTick = at;
    this.reap();
  }

  // Decisions are performed here and nowhere else

  turn(): void {
    if (this.#performing) return;
    this.#performing = true;
    try {
      for (let round = 0; ; round++) {
        if (round > maxRounds) throw new Error('the plan does not come to rest');
        const actions = plan(this.fleet, this.#parts.settings, now());
        if (actions.length === 0) return;
        for (const action of actions) if (this.#perform(action) === 'over') return;
      }
    } finally {
      this.#performing = false;
    }
  }

  #perform(action: Action): 'over' | void {
    const { fleet } = this;
    switch (action.type) {
      case 'boot':
        return this.#boot();
      case 'spawn':
        return this.#spawn(action.mold, action.slot, action.canary);
      case 'choose': {
        const child = fleet.get(action.child);
        const wish = fleet.wish ?? { reason: action.reason, tried: new Set(), notBefore: 0 };
        if (child)
          this.#begin(fleet.beginAttempt(wish, child, now()).generation, child, wish.reason);
        return;
      }
      case 'promote':
        return this.#withChild(action.child, (child) => {
          fleet.enter(child, 'promoting', now());
          this.#children.send(child.id, { type: 'promote', generation: action.generation });
          this.#parts.log.info(fieldsOf(child), 'promoting');
        });
      case 'prove':
        return this.#withChild(action.mold, (mold) => {
          mold.proven = true;
          fleet.reforks++;
          this.#parts.log.info(fieldsOf(mold), 'canary is healthy, rolling out');
        });
      case 'drain':
        return this.#tellToLeave(action.child, 'drain', 'draining');
      case 'retire':
        return this.#tellToLeave(action.mold, 'retire', 'retiring mold');
      case 'kill':
        return this.#kill(action.child, action.reason);
      case 'abandon':
        return this.#abandon(action.reason);
      case 'dropWish':
        fleet.dropWish(action.reason, now());
        this.#parts.log.error({ reason: action.reason }, 'refork given up');
        this.#settle({ ok: false, error: action.reason });
        return;
      case 'finish':
        return this.#finish();
      case 'wish':
        fleet.wishRefork(action.reason, now());
        return;
      case 'booted':
        fleet.booted = true;
        this.#parts.log.info({ ms: Math.round(now() - this.startedAt) }, 'all workers are ready');
        void runMonitorHook(this.#parts, 'afterMonitorReady');
        void runMonitorHook(this.#parts, 'afterBooted');
        return;
      case 'giveUp':
        this.#parts.log.fatal({ reason: action.reason }, 'giving up');
        return this.#giveUp(action.reason);
      case 'exit':
        clearInterval(this.#timer);
        this.#exit(this.#givenUp ?? { code: action.code, reason: action.reason });
        return 'over';
      default:
        return unreachable(action);
    }
  }

  #givenUp: Ending | null = null;

  /** Everything is ended at once, and the exit code says that it was not asked for. */
  #giveUp(reason: string): void {
    this.#givenUp = { code: 1, reason };
    this.fleet.stopping = 'immediate';
    this.#waiters.settleAll({ ok: false, error: 'the server gave up' });
  }

  #withChild(id: number, act: (child: Child) => void): void {
    const child = this.fleet.get(id);
    if (child) act(child);
  }

  #boot(): void {
    const { settings, overrides, log } = this.#parts;
    const generation = this.fleet.nextGeneration++;
    this.fleet.reforks = 0;
    const role = { role: 'mold', state: 'booting', slot: null, generation, parent: null } as const;
    const child = this.fleet.add(role, now());
    try {
      child.pid = this.#children.boot(child, settings.nodeOptions, {
        type: 'boot',
        file: settings.file,
        overrides,
        phase: child.phase,
        generation,
      });
      log.info(fieldsOf(child), 'booting');
    } catch (error) {
      this.fleet.kill(child, String(error), now());
      log.error({ ...fieldsOf(child), err: error }, 'could not boot');
    }
  }

  #spawn(moldId: number, slot: number, canary: boolean): void {
    const { listeners, log } = this.#parts;
    const mold = this.fleet.get(moldId);
    if (!mold) return;
    const role = { role: 'worker', state: 'spawning', slot, generation: mold.generation } as const;
    const child = this.fleet.add({ ...role, parent: mold.id }, now());
    if (canary && this.fleet.attempt) this.fleet.attempt.canary = child.id;
    try {
      const fds = listeners.descriptorsFor(slot, this.fleet.workers);
      this.#children.order(child, mold, fds);
      log.debug(fieldsOf(child), 'spawning');
    } catch (error) {
      // The mold is gone or does not read: its own end, or the deadline of its other orders, will
      // tell.
      this.fleet.hear(mold, { type: 'forkFailed', id: child.id, reason: String(error) }, now());
    }
  }

  #begin(generation: number, child: Child, reason: string): void {
    this.reforkStartedAt = new Date();
    this.#parts.log.info({ ...fieldsOf(child), reason, next: generation }, 'refork begins');
  }

  #tellToLeave(id: number, order: 'drain' | 'retire', text: string): void {
    this.#withChild(id, (child) => {
      this.fleet.enter(child, 'leaving', now());
      this.#children.send(child.id, { type: order });
      this.#parts.log.info(fieldsOf(child), text);
    });
  }

  #kill(id: number, reason: string): void {
    this.#withChild(id, (child) => {
      this.#parts.log.warn({ ...fieldsOf(child), reason }, 'killing');
      this.fleet.kill(child, reason, now());
      if (child.pid === null) return this.#gone(child);
      try {
        process.kill(child.pid, 'SIGKILL');
      } catch {
        // It is gone already; SIGCHLD tells.
      }
    });
  }

  /** The old generation serves on; whatever the attempt made is taken back. */
  #abandon(reason: string): void {
    const { attempt } = this.fleet;
    if (!attempt) return;
    const seconds = (now() - attempt.startedAt) / 1000;
    this.measurements.reforked('failure', seconds);
    this.#parts.log.error({ reason, generation: attempt.generation }, 'refork failed');
    for (const id of [attempt.canary, attempt.candidate])
      if (id !== null) this.#withChild(id, (child) => this.#letGo(child, id === attempt.canary));
    const { retry } = this.fleet.endAttempt(reason, now());
    this.reforkFinishedAt = new Date();
    if (!retry) this.#settle({ ok: false, error: reason });
  }

  /**
   * A candidate that was not told anything yet simply serves on, and so does a mold that was
   * proven.
   */
  #letGo(child: Child, isCanary: boolean): void {
    if (child.state === 'promoting' || (isCanary && child.state === 'serving'))
      this.#tellToLeave(child.id, 'drain', 'draining');
    else if (child.state === 'frozen' && !child.proven)
      this.#tellToLeave(child.id, 'retire', 'retiring mold');
    else if (isCanary && child.state !== 'leaving') this.#kill(child.id, 'its refork failed');
  }

  #finish(): void {
    const { attempt } = this.fleet;
    if (!attempt) return;
    const { generation } = attempt;
    const ms = Math.round(now() - attempt.startedAt);
    this.measurements.reforked('success', ms / 1000);
    this.fleet.endAttempt(null, now());
    this.reforkFinishedAt = new Date();
    this.#parts.log.info({ generation, ms }, 'refork complete');
    this.#settle({ ok: true, generation });
    void runMonitorHook(this.#parts, 'afterBooted');
  }

  #settle(outcome: Outcome): void {
    this.#waiters.settleCurrent(outcome);
  }
}

export function fieldsOf(child: Child): ChildFields {
  const { role, slot, generation, phase, pid } = child;
  return { role, slot, generation, phase, pid: pid ?? 0 };
}
