// The monitor: records what happens, asks the plan, has it performed. It never loads the app:
// nothing here imports lib/life or lib/engines (spec/tidy.spec.ts proves it).
import type { Report } from '../protocol/message.js';
import { Backtraces } from './observe/backtraces.js';
import { Children, type HeldChannel } from './children/children.js';
import type { Child } from './fleet/child.js';
import { describeChildEnd, exitReason } from './fleet/exit-reason.js';
import type { Fleet } from './fleet/fleet.js';
import { hear, hearBreach } from './fleet/hear.js';
import { Defects } from './defects.js';
import { HotRestart } from './hot-restart/hot-restart.js';
import { runMonitorHook } from '../config/run-hooks.js';
import { Measurements } from './observe/measurements.js';
import { watchDescriptors } from './observe/descriptor-watch.js';
import { watchFreezing } from './observe/freezing-memory.js';
import { watchMemory } from './observe/memory-watch.js';
import { OomKills } from './observe/oom-kills.js';
import { askForStack, signal } from './children/kill.js';
import { fieldsOf, logReport } from './log/report-lines.js';
import type { MonitorParts } from './parts.js';
import { Performer, type Ending, type RolloutTimes } from './perform.js';
import { carryOut } from './plan/carry-out.js';
import { plan } from './plan/plan.js';
import { Waiters } from './waiters.js';
import { Operations } from './operations.js';

/** Interval of the checks of deadlines. */
const tickMs = 200;
/** Time for the last report of a killed child: a descendant of it may hold its channel open. */
const lastWordMs = 2_000;
/** A tick later than this means that the monitor itself was suspended. */
const oversleptMs = 1_000;
/** More rounds than this without an end are a defect of the plan. */
const maxRounds = 1_000;

const now = (): number => performance.now();

/** The child whose birth the report is about. */
function newbornOf(fleet: Fleet, child: Child, report: Report): Child | undefined {
  if (report.type === 'born') return child;
  return report.type === 'forked' || report.type === 'forkFailed'
    ? fleet.get(report.id)
    : undefined;
}

export class Monitor {
  readonly fleet: Fleet;
  readonly measurements: Measurements;
  readonly operations: Operations;
  readonly #parts: MonitorParts;
  readonly #children: Children;
  readonly #backtraces: Backtraces;
  readonly #oomKills = new OomKills();
  readonly #defects: Defects;
  /** The time since which the plan cannot be carried out, because of a defect. */
  #failingSince: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  #lastTick = now();
  #performing = false;
  readonly #performer: Performer;

  constructor(parts: MonitorParts) {
    this.#parts = parts;
    this.fleet = parts.fleet;
    this.#defects = new Defects(parts.log);
    this.#children = new Children(
      {
        report: (id, report) => this.#report(id, report),
        hungUp: (id) => this.#hungUp(id),
        broke: (id, rule) => this.#broke(id, rule),
        lostSnapshot: (id) => this.#lostSnapshot(id),
        ended: (pid, code, signal) => this.#ended(pid, code, signal),
      },
      {
        credentials: parts.credentials,
        stdin: parts.settings.setpgid ? 'ignore' : 'inherit',
      },
    );
    this.#backtraces = new Backtraces({
      fleet: this.fleet,
      send: (id, order) => this.#children.send(id, order),
      askForStack: (child) => askForStack(parts, child),
    });
    this.measurements = new Measurements(
      this.fleet,
      (id, order) => this.#children.send(id, order),
      () => parts.log.dropped(),
      parts.measurementsRecord,
    );
    const { measurements } = this;
    const turn = () => this.turn();
    const own = { ...parts, children: this.#children, measurements, turn };
    const waiters = new Waiters();
    const hotRestart = new HotRestart(own);
    this.#performer = new Performer({ ...own, waiters, hotRestart });
    this.operations = new Operations({ ...own, waiters, hotRestart, backtraces: this.#backtraces });
    this.#adopt(parts.channels);
  }

  /** Continues with a predecessor's children; those that cannot be reached will be replaced. */
  #adopt(channels: readonly HeldChannel[]): void {
    for (const child of this.fleet.children.values())
      try {
        // A hook may have delayed the signal, and ended with the predecessor.
        if (child.state === 'killed') signal(child.pid, 'SIGKILL');
        const channel = channels.find(({ id }) => id === child.id);
        if (channel) this.#children.adopt(channel);
        else this.fleet.hungUp(child, now());
      } catch (error) {
        this.#parts.log.error({ ...fieldsOf(child), err: error }, 'cannot be taken over');
        this.fleet.hungUp(child, now());
      }
    if (this.fleet.booted) void runMonitorHook(this.#parts, 'afterMonitorReady');
  }

  /** Resolves when every child has exited. */
  get over(): Promise<Ending> {
    return this.#performer.over;
  }

  /** Begin and end of the last rollout. */
  get rolloutTimes(): RolloutTimes {
    return this.#performer.rolloutTimes;
  }

  run(): Promise<Ending> {
    void this.over.then(this.#defects.watch());
    this.#timer = setInterval(() => this.#tick(), tickMs);
    void this.over.then(watchFreezing(this.fleet));
    const { maxWorkerMemoryBytes: limitBytes } = this.#parts.settings;
    const { fleet, measurements } = this;
    const { log } = this.#parts;
    const exhausted = measurements.outOfDescriptors.bind(measurements);
    void this.over.then(watchDescriptors({ fleet, log, exhausted }));
    if (limitBytes !== null) {
      const end = watchMemory({ fleet, limitBytes, log, marked: () => this.turn() });
      void this.over.then(end);
    }
    this.turn();
    return this.over;
  }

  /**
   * Handles SIGCHLD. A child is reaped only after its channel has ended: by then its last report
   * has been read, and until then its pid cannot be reused.
   */
  reap(): void {
    this.#defects.contain(() => {
      const children = [...this.fleet.children.values()];
      for (const child of children) this.#learnPid(child);
      const pids = (some: typeof children) => some.flatMap(({ pid }) => pid ?? []);
      this.#children.reap(pids(children.filter(({ hungUpAt }) => hungUpAt !== null)));
      for (const pid of this.#children.reapStrangers(pids(children)))
        this.#parts.log.info({ pid }, 'reaped unknown subprocess');
    });
    this.turn();
  }

  // Events: recorded, never acted upon here

  #report(id: number, report: Report): void {
    this.#noticeSleep();
    const child = this.fleet.get(id);
    // One that was given up has nothing to report any more.
    if (!child) return this.#children.forget(id);
    this.#defects.contain(() => this.#hear(child, report));
    if (report.type !== 'measured') this.turn();
  }

  #hear(child: Child, report: Report): void {
    const newborn = newbornOf(this.fleet, child, report);
    if (newborn) this.#learnPid(newborn);
    const breach = hear(this.fleet, child, report, now());
    if (breach !== null) return this.#broke(child.id, breach);
    if (report.type === 'forkFailed') this.#children.forget(report.id);
    this.measurements.hear(child, report);
    this.#backtraces.hear(child, report);
    logReport(this.#parts.log, child, report, now());
  }

  /** Only the kernel knows the pid of a forked child. */
  #learnPid(child: Child): void {
    if (child.pid !== null) return;
    const pid = this.#children.takePid(child.id);
    if (pid === null) return;
    if (!this.fleet.byPid(pid)) this.fleet.started(child, pid);
    else this.#broke(child.id, 'born: by a process that is another child');
  }

  /** The plan kills it. */
  #broke(id: number, rule: string): void {
    const child = this.fleet.get(id);
    if (child) this.#learnPid(child);
    this.#children.forget(id);
    if (child) hearBreach(this.fleet, child, rule, now());
    this.turn();
  }

  #lostSnapshot(id: number): void {
    const child = this.fleet.get(id);
    if (!child || !this.measurements.lost(id)) return;
    const remedy = 'drop labels of many values, such as URLs and ids of users';
    this.#parts.log.warn({ ...fieldsOf(child), remedy }, "the app's metrics are too large");
  }

  #hungUp(id: number): void {
    const child = this.fleet.get(id);
    if (child) this.#learnPid(child);
    this.#children.forget(id);
    if (child) this.fleet.hungUp(child, now());
    this.reap();
  }

  #ended(pid: number, code: number | null, signal: string | null): void {
    const child = this.fleet.byPid(pid);
    if (!child) return;
    const mayBeKernels = signal === 'SIGKILL' && !child.killedFor;
    const end = { code, signal, outOfMemory: mayBeKernels && this.#oomKills.claim(now()) };
    const how = describeChildEnd(child, end);
    const { asked, stopped, explained } = this.fleet.ended(child, how, now());
    const cause = exitReason(child, end, asked);
    const clean = stopped || (asked && code === 0);
    const reason = clean || explained ? {} : { reason: child.reason };
    this.#parts.log[clean ? 'info' : 'error'](
      { ...fieldsOf(child), code, signal, cause, ...reason },
      stopped ? 'killed' : clean ? 'exited' : 'ended unexpectedly',
    );
    this.#children.forget(child.id);
    this.measurements.retire(child.id);
    this.measurements.exited(child, cause);
    const { role, slot, generation, phase } = child;
    const info = { pid, role, slot, generation, phase };
    void runMonitorHook(this.#parts, 'afterWorkerExit', info, { code, signal });
    this.turn();
  }

  #tick(): void {
    this.#noticeSleep();
    this.#lastTick = now();
    this.#oomKills.tick(now());
    for (const { id, state, stateSince, hungUpAt } of this.fleet.children.values())
      if (state === 'killed' && hungUpAt === null && now() - stateSince > lastWordMs)
        this.#hungUp(id);
    this.reap();
  }

  /** Comes first: reports that piled up meanwhile are read before the timer's next tick. */
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
    const succeeded = this.#defects.contain(() => this.#carryOutPlan());
    this.#performing = false;
    this.#defects.contain(() => this.#parts.serviceManager.tell(this.fleet));
    this.#failingSince = succeeded ? null : (this.#failingSince ?? now());
    this.#endIfStuck();
  }

  #carryOutPlan(): void {
    for (let round = 0; ; round++) {
      if (round > maxRounds) throw new Error('the plan does not come to rest');
      const actions = plan(this.fleet, this.#parts.settings, now());
      if (actions.length === 0) return;
      for (const action of actions) {
        const effects = carryOut(this.fleet, action, now());
        // The child of an effect that fails is late, and deadlines are for that.
        for (const effect of effects) this.#defects.contain(() => this.#performer.perform(effect));
        if (action.type === 'exit') return clearInterval(this.#timer);
      }
    }
  }

  /**
   * Without a plan the workers serve on, but a stop would never end: then the end of the monitor
   * ends them.
   */
  #endIfStuck(): void {
    const { settings } = this.#parts;
    if (this.#failingSince === null || this.fleet.stopping === null) return;
    if (now() - this.#failingSince < settings.shutdownTimeoutMs) return;
    clearInterval(this.#timer);
    const reason = 'a defect of pitchfork-ts has blocked the stop';
    this.#performer.perform({ type: 'exit', code: 1, reason });
  }
}
