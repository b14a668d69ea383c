// The monitor's knowledge of its children. Facts come in through the methods, and lib/monitor/plan
// draws the conclusions. Invariant: a slot has at most one worker that serves and is not on its way
// out, except while it is handed over.
import * as change from './child.js';
import { isStarting, newChild, type Child, type ChildState, type MadeChild } from './child.js';
import { Code, type CodeRecord } from './code.js';
import type { Pid } from '../../system/own-children.js';
import type { RollbackOptions, RollbackRecord } from './rollback.js';
import { Rollouts, type Attempt, type Unforkable } from './rollouts.js';
import { refusedByKernel, StartBackoff, type StartBackoffRecord } from './start-backoff.js';

export type Stopping = 'graceful' | 'immediate';

/** Step of a hot restart: the next program is on trial, is to take over, takes over. */
export type HotRestartStep = 'preparing' | 'prepared' | 'performing';

export interface FleetOptions {
  readonly workers: number;
  readonly backoffMs: number;
  /** Single mode: the worker is booted and never forked. Default: false. */
  readonly single?: boolean;
  readonly rollback?: RollbackOptions;
}

/** Plain data, for the next program of a hot restart. Times are ages, because its clock differs. */
export interface FleetRecord {
  readonly workers: number;
  readonly queues: number;
  readonly booted: boolean;
  readonly restarts: number;
  readonly nextId: number;
  readonly code: CodeRecord;
  readonly starts: StartBackoffRecord;
  readonly lastError: string | null;
  readonly rollback?: RollbackRecord;
  readonly children: readonly Child[];
}

export class Fleet {
  readonly #children = new Map<number, Child>();
  readonly single: boolean;
  readonly code: Code;
  readonly rollouts: Rollouts;
  /** Of workers and molds. */
  readonly starts = new StartBackoff();
  readonly serviceStarts = new StartBackoff();
  #workers: number;
  #queues: number;
  #booted = false;
  #restarts = 0;
  #nextId = 1;
  #stopping: Stopping | null = null;
  #exitAt = 0;
  #hotRestart: HotRestartStep | null = null;
  #wokeAt = -Infinity;

  constructor({ workers, single = false, backoffMs, rollback }: FleetOptions) {
    this.single = single;
    this.code = new Code({ single });
    this.rollouts = new Rollouts(backoffMs, rollback);
    this.#workers = this.#queues = workers;
  }

  get children(): ReadonlyMap<number, Child> {
    return this.#children;
  }

  /** Wanted number of workers. */
  get workers(): number {
    return this.#workers;
  }

  /** Listening queues per address so far; they only grow. */
  get queues(): number {
    return this.#queues;
  }

  get phase(): number {
    return this.code.data.phase;
  }

  get unforkable(): Unforkable | null {
    return this.code.data.unforkable;
  }

  /** Every worker has served at least once. */
  get booted(): boolean {
    return this.#booted;
  }

  /** Hot restarts so far. */
  get restarts(): number {
    return this.#restarts;
  }

  get stopping(): Stopping | null {
    return this.#stopping;
  }

  get hotRestart(): HotRestartStep | null {
    return this.#hotRestart;
  }

  /** The time at which the monitor last found that it had been suspended. */
  get wokeAt(): number {
    return this.#wokeAt;
  }

  get(id: number | null | undefined): Child | undefined {
    return id == null ? undefined : this.#children.get(id);
  }

  byPid(pid: number): Child | undefined {
    return [...this.#children.values()].find((child) => child.pid === pid);
  }

  /** The server stops: every child exits now, or serves until the delay is over. */
  isExiting(now: number): boolean {
    return this.#stopping !== null && now >= this.#exitAt;
  }

  // Decisions of an operator

  /** Until `exitAt` a stopping server still serves, so that load balancers can turn away first. */
  stop(how: Stopping, exitAt: number): void {
    this.#stopping = how;
    this.#exitAt = exitAt;
    this.#hotRestart = null;
    this.rollouts.clear();
  }

  resize(workers: number): void {
    this.#workers = workers;
    this.#queues = Math.max(this.#queues, workers);
  }

  setHotRestart(step: HotRestartStep | null): void {
    this.#hotRestart = step;
  }

  // Facts about the fleet

  /** The canary stayed healthy: slots are filled from its mold from now on, or by boots. */
  prove(now: number): Attempt | null {
    const { attempt } = this.rollouts;
    if (!attempt) return null;
    const mold = this.get(attempt.candidate);
    if (mold && !attempt.unforkable) change.markProven(mold);
    this.rollouts.markProven(this.get(attempt.canary), now);
    this.code.adopt(attempt);
    return attempt;
  }

  markBooted(): void {
    this.#booted = true;
  }

  /** The monitor was suspended for `gapMs`, which is not counted against its children. */
  forgive(gapMs: number, now: number): void {
    this.#wokeAt = now;
    for (const child of this.#children.values()) change.forgiveGap(child, gapMs);
  }

  /** A process with the code has started. */
  codeLoaded(): void {
    this.code.markLoaded();
    this.starts.succeeded();
  }

  // Facts about a child; its own reports are in hear.ts

  add(made: MadeChild, now: number): Child {
    const child = newChild(this.#nextId++, made, this, now);
    this.#children.set(child.id, child);
    const mold = this.get(made.parent);
    if (mold) change.expectFork(mold, child.id);
    return child;
  }

  enter(child: Child, state: ChildState, now: number): void {
    change.enterState(child, state, now);
  }

  /** The child's process runs: the kernel knows its pid. */
  started(child: Child, pid: Pid): void {
    change.setPid(child, pid);
  }

  /** The child could not be started: there is no process. */
  notStarted(child: Child, reason: string, now: number): void {
    change.setReason(child, reason);
    this.#startFailed(child, now);
    this.#children.delete(child.id);
  }

  /** The mold could not fork the child with that id, or could not be ordered to. */
  notForked(mold: Child, id: number, reason: string, now: number): void {
    change.forkAnswered(mold, id);
    const child = this.#children.get(id);
    if (child?.role !== 'service' && !refusedByKernel.test(reason))
      change.countFork(mold, 'failed');
    if (child) this.notStarted(child, `fork: ${reason}`, now);
  }

  /**
   * The child's channel ended: of an unborn child the only sign of its end. But a mold that could
   * not fork closes the channel just before it reports the reason, which may still come.
   */
  hungUp(child: Child, now: number): void {
    change.markHungUp(child, now);
    const isAwaited = this.get(child.parent)?.unansweredForks.includes(child.id) ?? false;
    if (child.pid === null && !isAwaited) this.#neverBorn(child, now);
  }

  /** Called before a kill: the child's state decides whether that counts as a failed start. */
  killed(child: Child, reason: string, now: number): void {
    if (child.reason === null) change.setReason(child, reason);
    if (isStarting(child)) this.#startFailed(child, now);
    this.rollouts.failIfInvolved(child, child.reason ?? reason);
    change.enterState(child, 'killed', now);
    // An order without any process leaves nothing to reap.
    if (child.pid === null) this.#children.delete(child.id);
  }

  /**
   * The child was reaped. `asked`: it ended because it was told to; `stopped`: it was killed
   * because the server stops, and not for being late; `explained`: it reported the reason itself.
   */
  ended(
    child: Child,
    how: string,
    now: number,
  ): { asked: boolean; stopped: boolean; explained: boolean } {
    const asked = child.state === 'leaving' || this.isExiting(now);
    const isFaultless = this.#stopping === 'immediate' || child.startFailed;
    const stopped = child.state === 'killed' && this.isExiting(now) && isFaultless;
    const explained = child.reason !== null && child.state !== 'killed';
    const reason =
      child.reason === null ? how : explained ? child.reason : `${child.reason} (${how})`;
    change.setReason(child, reason);
    if (child.role === 'service' && !isStarting(child)) this.serviceStarts.died(now, child);
    else if (!asked) {
      if (isStarting(child)) this.#startFailed(child, now);
      else if (child.state !== 'killed' || !child.startFailed) this.starts.died(now, child);
    }
    this.rollouts.failIfInvolved(child, reason);
    this.#children.delete(child.id);
    for (const other of this.#children.values())
      if (other.parent === child.id && other.pid === null && other.hungUpAt !== null)
        this.#neverBorn(other, now);
    return { asked, stopped, explained };
  }

  #neverBorn(child: Child, now: number): void {
    this.notStarted(child, child.reason ?? 'its mold ended before it was born', now);
  }

  /** A failed start delays the next one, longer each time; a success resets the delay. */
  #startFailed(child: Child, now: number): void {
    change.markStartFailed(child);
    const reason = child.reason ?? 'did not start';
    if (child.role === 'service') return this.serviceStarts.failed(reason, now, child);
    this.rollouts.failIfInvolved(child, reason);
    // New code that does not boot is no trouble for the code that serves.
    if (this.rollouts.isCandidate(child) || child.phase !== this.phase) return;
    this.starts.failed(reason, now, child);
  }

  // Hot restarts

  record(now: number): FleetRecord {
    return {
      ...{ workers: this.#workers, queues: this.#queues, booted: this.#booted },
      ...{ restarts: this.#restarts, nextId: this.#nextId },
      code: this.code.data,
      starts: this.starts.record(now),
      lastError: this.rollouts.lastError,
      rollback: this.rollouts.rollback.record(now),
      children: [...this.#children.values()].map((child) => change.onOtherClock(child, -now)),
    };
  }

  /** Counts the restart itself; rollouts under way or requested do not outlive it. */
  static restore(record: FleetRecord, options: FleetOptions, now: number): Fleet {
    const fleet = new Fleet(options);
    fleet.#queues = Math.max(record.queues, options.workers);
    fleet.#booted = record.booted;
    fleet.#restarts = record.restarts + 1;
    fleet.#nextId = record.nextId;
    fleet.code.restore(record.code);
    fleet.starts.restore(record.starts, now);
    fleet.rollouts.noteError(record.lastError);
    if (record.rollback) fleet.rollouts.rollback.restore(record.rollback, now);
    for (const child of record.children)
      fleet.#children.set(child.id, change.onOtherClock(child, now));
    return fleet;
  }
}
