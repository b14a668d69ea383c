// What the monitor knows of its children. No I/O: facts come in through the methods, plan.ts draws
// the conclusions. Invariant: a slot has at most one worker that serves and is not on its way out,
// except while it is handed over.
import { describeFinding, type Finding } from '../../protocol/finding.js';
import type { Report } from '../../protocol/message.js';
import { DeathRate, delayMs } from './death-rate.js';
import { isStarting, newChild, type Child, type ChildState, type MadeChild } from './child.js';
import { ServiceStarts } from './service-starts.js';
import { Rollouts, singleMode, type Attempt, type Unforkable } from './rollouts.js';

export type Stopping = 'graceful' | 'immediate';

export interface FleetOptions {
  readonly workers: number;
  readonly backoffMs: number;
  /** Single mode: its worker is booted and never forked. Default: false. */
  readonly single?: boolean;
}

/** Another mold would be refused as well: it is not this one's fault. */
const refusedByKernel = /\b(EAGAIN|ENOMEM)\b|\bE[MN]FILE: socketpair\b/;

export class Fleet {
  readonly children = new Map<number, Child>();
  /** Wanted number of workers. */
  workers: number;
  /** Listening queues per address so far; they only grow. */
  queues: number;
  /** Of the code that serves; that of a phased restart only from its proof on. */
  phase = 0;
  stopping: Stopping | null = null;
  /** A server that is to stop serves on until then, so that load balancers can turn away first. */
  leaveAt = 0;
  /** Where a hot restart is: the next program is tried out, is to take over, takes over. */
  hotRestart: 'preparing' | 'prepared' | 'performing' | null = null;
  /** Hot restarts so far. */
  restarts = 0;
  readonly rollouts: Rollouts;
  /** The code was loaded once: what fails from now on may be a passing trouble. */
  loaded = false;
  /** Every worker has served at least once. */
  booted = false;
  /** Starts that failed in a row, before any became ready. */
  spawnErrors = 0;
  lastSpawnError: string | null = null;
  /** Molds in a row that were promoted since the code was booted: the place in `reforkAfter`. */
  reforks = 0;
  nextGeneration = 0;
  /**
   * The code cannot be forked: workers are booted afresh, each, until a worker can be promoted
   * after all.
   */
  unforkable: Unforkable | null;
  readonly single: boolean;
  /** When the monitor last found that it had not run for a while. */
  wokeAt = -Infinity;
  /** No spawn and no boot before this. */
  notBefore = 0;
  readonly serviceStarts = new ServiceStarts();
  readonly #deaths = new DeathRate();
  nextId = 1;

  constructor(options: FleetOptions) {
    this.single = options.single ?? false;
    this.unforkable = this.single ? singleMode : null;
    this.workers = options.workers;
    this.queues = options.workers;
    this.rollouts = new Rollouts(options.backoffMs);
  }

  get(id: number | null | undefined): Child | undefined {
    return id == null ? undefined : this.children.get(id);
  }

  byPid(pid: number): Child | undefined {
    return [...this.children.values()].find((child) => child.pid === pid);
  }

  add(made: MadeChild, now: number): Child {
    const child = newChild(this.nextId++, made, this, now);
    this.children.set(child.id, child);
    return child;
  }

  /** Everybody is to leave now. */
  isLeaving(now: number): boolean {
    return this.stopping !== null && now >= this.leaveAt;
  }

  enter(child: Child, state: ChildState, now: number): void {
    child.state = state;
    child.stateSince = now;
  }

  /** A child's report. What it means for others is the plan's business. */
  hear(child: Child, report: Report, now: number): void {
    // Told from within what keeps the event loop: no sign that it turns.
    if (report.type === 'stuck') return void (child.stack = report.stack);
    child.lastHeard = now;
    child.stackRequestedAt = child.stack = null;
    switch (report.type) {
      case 'born':
        child.pid = report.pid;
        if (child.state === 'spawning') this.enter(child, 'starting', now);
        return;
      case 'serving':
        if (!isStarting(child)) return;
        this.enter(child, 'serving', now);
        if (child.role === 'service') this.serviceStarts.succeeded();
        else {
          this.loaded = true;
          this.spawnErrors = 0;
        }
        this.rollouts.serves(child, now);
        return;
      case 'heartbeat':
      case 'leaving':
        child.figures = report.figures;
        child.nextDeadline =
          report.type === 'heartbeat' && report.urgent ? { ...report.urgent, at: now } : null;
        if (report.type !== 'leaving') return;
        this.enter(child, 'leaving', now);
        return this.rollouts.leaves(child, now);
      case 'dismissed':
        this.enter(child, 'leaving', now);
        return this.rollouts.leaves(child, now);
      case 'drained':
        child.figures = { ...report.figures, inFlight: 0 };
        child.nextDeadline = null;
        return;
      case 'frozen':
        this.#froze(child, now);
        return;
      case 'forked':
        this.#forked(child, report.id, report.pid);
        return;
      case 'forkFailed':
        this.#forkFailed(child, report.id, report.reason, now);
        return;
      case 'failed':
        child.reason = `${report.step}: ${report.reason}`;
        this.rollouts.failIfInvolved(child, child.reason);
        // One that never became ready stays a start that failed, whatever it says of itself.
        if (!isStarting(child)) this.enter(child, 'leaving', now);
        return;
      case 'refused':
        this.#refused(child, report.findings, report.leaves, now);
        return;
      case 'overran':
        child.requestTimedOut = true;
        return;
      case 'unsafe':
        child.unsafeReason = report.reason;
        return;
      case 'audited':
      case 'cut':
      case 'exercised':
      case 'measured':
      case 'note':
      case 'traced':
        return;
    }
  }

  #froze(child: Child, now: number): void {
    if (child.state !== 'promoting' && child.state !== 'booting') return;
    const { attempt } = this.rollouts;
    const isCandidate = this.rollouts.isCandidate(child);
    child.role = 'mold';
    child.slot = null;
    if (isCandidate && attempt) child.generation = attempt.generation;
    // A mold booted because there was none has nothing to be compared with: its workers are all
    // there will be.
    child.proven = !isCandidate;
    this.loaded = true;
    this.spawnErrors = 0;
    this.enter(child, 'frozen', now);
  }

  #refused(child: Child, findings: readonly Finding[], leaves: boolean, now: number): void {
    const reason = `cannot be forked: ${findings.map(describeFinding).join('; ')}`;
    if (child.state === 'booting') this.#bootRefused(child, reason);
    this.rollouts.failIfInvolved(child, reason);
    child.reason = leaves ? reason : null;
    this.enter(child, leaves ? 'leaving' : 'serving', now);
  }

  #bootRefused(child: Child, reason: string): void {
    const unforkable = { reason, generation: child.generation };
    const { attempt } = this.rollouts;
    if (attempt && this.rollouts.isCandidate(child)) attempt.unforkable = unforkable;
    else this.unforkable = unforkable;
    this.loaded = true;
    this.spawnErrors = 0;
  }

  #forked(mold: Child, id: number, pid: number): void {
    mold.failedForks = 0;
    const child = this.children.get(id);
    if (child) child.pid = pid;
  }

  #forkFailed(mold: Child, id: number, reason: string, now: number): void {
    const child = this.children.get(id);
    if (child?.role !== 'service' && !refusedByKernel.test(reason)) mold.failedForks++;
    if (!child) return;
    child.reason = `fork: ${reason}`;
    this.#startFailed(child, now);
    this.children.delete(child.id);
  }

  /**
   * The child's channel came to its end. One that was not born yet has no other sign of its end,
   * but a mold that could not fork closes the channel just before it says why: as long as it lives,
   * the reason may still come.
   */
  hungUp(child: Child, now: number): void {
    child.hungUpAt ??= now;
    if (child.pid === null && !this.get(child.parent)) this.#neverBorn(child, now);
  }

  #neverBorn(child: Child, now: number): void {
    child.reason ??= 'its mold ended before it was born';
    this.#startFailed(child, now);
    this.children.delete(child.id);
  }

  /** The canary stayed healthy: from now on slots are filled from its mold, or as it was booted. */
  prove(): Attempt | null {
    const { attempt } = this.rollouts;
    if (!attempt) return null;
    const mold = this.get(attempt.candidate);
    if (mold && !attempt.unforkable) mold.proven = true;
    attempt.proven = true;
    this.unforkable = attempt.unforkable;
    const isNewCode = attempt.phase !== this.phase;
    this.reforks = isNewCode ? 0 : this.reforks + 1;
    if (isNewCode) this.nextGeneration = attempt.generation + 1;
    this.phase = attempt.phase;
    return attempt;
  }

  /**
   * The child was reaped. `asked` tells whether it ended because it was told to, `stopped` whether
   * it was killed because the server stops, and not for being late.
   */
  ended(child: Child, how: string, now: number): { asked: boolean; stopped: boolean } {
    const asked = child.state === 'leaving' || this.isLeaving(now);
    const isFaultless = this.stopping === 'immediate' || child.startFailed;
    const stopped = child.state === 'killed' && this.isLeaving(now) && isFaultless;
    child.reason = child.reason ? `${child.reason} (${how})` : how;
    if (child.role === 'service' && !isStarting(child)) this.serviceStarts.ended(now);
    else if (!asked) {
      if (isStarting(child)) this.#startFailed(child, now);
      else if (child.state !== 'killed' || !child.startFailed)
        this.notBefore = Math.max(this.notBefore, now + this.#deaths.add(now));
    }
    this.rollouts.failIfInvolved(child, child.reason);
    this.children.delete(child.id);
    for (const other of this.children.values())
      if (other.parent === child.id && other.pid === null && other.hungUpAt !== null)
        this.#neverBorn(other, now);
    return { asked, stopped };
  }

  /** Before a child is killed: its state tells whether that counts as a failed start. */
  kill(child: Child, reason: string, now: number): void {
    child.reason ??= reason;
    if (isStarting(child)) this.#startFailed(child, now);
    this.rollouts.failIfInvolved(child, child.reason);
    this.enter(child, 'killed', now);
    // An order that no process ever answered leaves nobody to reap.
    if (child.pid === null) this.children.delete(child.id);
  }

  /** A start that failed delays the next one, longer each time; one that succeeds forgives all. */
  #startFailed(child: Child, now: number): void {
    child.startFailed = true;
    if (child.role === 'service') return this.serviceStarts.failed(now);
    const reason = child.reason ?? 'did not start';
    this.rollouts.failIfInvolved(child, reason);
    // New code that does not boot is no trouble of the one that serves.
    if (this.rollouts.isCandidate(child) || child.phase > this.phase) return;
    this.spawnErrors++;
    this.lastSpawnError = reason;
    this.notBefore = now + delayMs(this.spawnErrors);
  }

  /** The monitor did not run for `gapMs` (stopped, suspended): nobody else is to blame for it. */
  forgive(gapMs: number, now: number): void {
    this.wokeAt = now;
    for (const child of this.children.values()) {
      child.stateSince += gapMs;
      child.lastHeard += gapMs;
      if (child.nextDeadline) child.nextDeadline.at += gapMs;
      if (child.stackRequestedAt !== null) child.stackRequestedAt += gapMs;
    }
  }
}
