// Performs what the plan decided. The one place where children are started and told to leave.
import { isStarting, type Child } from './fleet/child.js';
import type { Children } from './children/children.js';
import type { Outcome } from '../control-api/outcome.js';
import type { Fleet } from './fleet/fleet.js';
import type { HotRestart } from './hot-restart/hot-restart.js';
import { runMonitorHook } from '../config/run-hooks.js';
import { askForStack, kill, timeOut } from './children/kill.js';
import type { Measurements } from './observe/measurements.js';
import type { MonitorParts } from './parts.js';
import { fieldsOf } from './log/report-lines.js';
import type { Action } from './plan/action.js';
import type { Order } from '../protocol/message.js';
import type { Role } from '../api/hooks.js';
import { unreachable } from '../base/unreachable.js';
import { singleMode, type Next, type RolloutKind, type RolloutRequest } from './fleet/rollouts.js';
import type { Waiters } from './waiters.js';

export interface PerformerParts extends MonitorParts {
  readonly fleet: Fleet;
  readonly children: Children;
  readonly measurements: Measurements;
  readonly waiters: Waiters;
  readonly hotRestart: HotRestart;
}

/** How it ended: `reason` tells why a code is not 0. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** In wall-clock time, for the status. */
export interface RolloutTimes {
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

const now = (): number => performance.now();
const roleIn = (slot: number | null): Role => (slot === null ? 'service' : 'worker');

export class Performer {
  rolloutTimes: RolloutTimes = { startedAt: null, finishedAt: null };
  readonly #parts: PerformerParts;
  readonly #startedAt = now();
  #givenUp: Ending | null = null;
  #exit: (ending: Ending) => void = () => undefined;
  readonly over = new Promise<Ending>((resolve) => (this.#exit = resolve));

  constructor(parts: PerformerParts) {
    this.#parts = parts;
  }

  perform(action: Action): void {
    const { fleet, log } = this.#parts;
    switch (action.type) {
      case 'boot':
        return this.#boot();
      case 'bootNext':
        return this.#bootNext();
      case 'bootWorker':
        return this.#bootWorker(action.slot, action.canary);
      case 'spawn':
        return this.#spawn(action.mold, action.slot, action.canary);
      case 'choose':
        return this.#withChild(action.child, (child) => this.#begin(child, action.reason));
      case 'promote':
        return this.#withChild(action.child, (child) => {
          fleet.enter(child, 'promoting', now());
          this.#parts.children.send(child.id, { type: 'promote', generation: action.generation });
          log.info(fieldsOf(child), 'promoting');
        });
      case 'prove':
        return this.#prove();
      case 'drain':
        return this.#tellToLeave(action.child, { type: 'drain' }, 'draining');
      case 'announceStop':
        return this.#withChild(action.child, (child) => {
          child.stopAnnounced = true;
          this.#parts.children.send(child.id, { type: 'announceStop' });
        });
      case 'retire':
        return this.#retire(action.mold, action.last);
      case 'kill':
        return this.#kill(action.child, action.reason);
      case 'askForStack':
        return this.#withChild(action.child, (child) => askForStack(this.#parts, child));
      case 'timeOut':
        return this.#withChild(
          action.child,
          (child) => void timeOut(this.#parts, child, action.reason),
        );
      case 'abandon':
        return this.#abandon(action.reason);
      case 'dropRequest':
        return this.#drop(action.reason);
      case 'finish':
        return this.#finish();
      case 'requestRefork':
        fleet.rollouts.request('refork', action.reason, now());
        return;
      case 'booted':
        fleet.booted = true;
        log.info({ ms: Math.round(now() - this.#startedAt) }, 'all workers are ready');
        void runMonitorHook(this.#parts, 'afterMonitorReady');
        void runMonitorHook(this.#parts, 'afterBooted');
        return;
      case 'replaceProgram':
        fleet.hotRestart = 'performing';
        return void this.#parts.hotRestart.perform();
      case 'giveUp':
        log.fatal({ reason: action.reason }, 'giving up');
        return this.#giveUp(action.reason);
      case 'exit':
        return this.#exit(this.#givenUp ?? { code: action.code, reason: action.reason });
      default:
        return unreachable(action);
    }
  }

  /** Everything is ended at once, and the exit code says that it was not asked for. */
  #giveUp(reason: string): void {
    this.#givenUp = { code: 1, reason };
    this.#parts.fleet.stopping = 'immediate';
    this.#parts.hotRestart.cancel();
    this.#parts.waiters.settleAll({ ok: false, error: 'the server gave up' });
  }

  #withChild(id: number, act: (child: Child) => void): void {
    const child = this.#parts.fleet.get(id);
    if (child) act(child);
  }

  #boot(): void {
    const { fleet } = this.#parts;
    const { phase } = fleet;
    fleet.reforks = 0;
    this.#bootChild({ role: 'mold', slot: null, generation: fleet.nextGeneration++, phase });
  }

  #bootNext(): void {
    const { fleet, log } = this.#parts;
    const next = { phase: fleet.phase + 1, generation: 0 };
    const request = fleet.rollouts.requestOf('phased restart', '', now());
    log.info({ reason: request.reason, next: next.phase }, 'phased restart begins');
    void runMonitorHook(this.#parts, 'beforeRestart', { kind: 'phased' });
    if (fleet.single) return this.#began(request, null, { ...next, unforkable: singleMode });
    const role = { role: 'mold', slot: null, ...next } as const;
    this.#bootChild(role, (child) => this.#began(request, child, next));
  }

  #bootWorker(slot: number | null, canary: boolean): void {
    const { fleet } = this.#parts;
    const { attempt } = fleet.rollouts;
    const { phase } = canary && attempt ? attempt : fleet;
    const { generation = 0 } = (canary ? attempt?.unforkable : fleet.unforkable) ?? {};
    this.#bootChild({ role: roleIn(slot), slot, generation, phase }, (child) => {
      if (canary && attempt) attempt.canary = child.id;
    });
  }

  #bootChild(
    made: Pick<Child, 'role' | 'slot' | 'generation' | 'phase'>,
    added: (child: Child) => void = () => undefined,
  ): void {
    const { children, fleet, listeners, settings, overrides, log } = this.#parts;
    const child = fleet.add({ ...made, state: 'booting', parent: null }, now());
    added(child);
    const { slot, phase } = child;
    try {
      child.pid = children.boot(
        child,
        settings.nodeOptions,
        { type: 'boot', file: settings.file, overrides, ...made },
        listeners.descriptorsFor(slot, fleet.workers, phase),
      );
      log.info(fieldsOf(child), 'booting');
    } catch (error) {
      fleet.kill(child, String(error), now());
      log.error({ ...fieldsOf(child), err: error }, 'could not boot');
    }
  }

  #spawn(moldId: number, slot: number | null, canary: boolean): void {
    const { children, fleet, listeners, log } = this.#parts;
    const mold = fleet.get(moldId);
    if (!mold) return;
    const { generation, phase } = mold;
    const role = { role: roleIn(slot), state: 'spawning', slot, generation, phase } as const;
    const child = fleet.add({ ...role, parent: mold.id }, now());
    if (canary && fleet.rollouts.attempt) fleet.rollouts.attempt.canary = child.id;
    try {
      const fds = listeners.descriptorsFor(slot, fleet.workers, phase);
      children.order(child, mold, fds);
      log.debug(fieldsOf(child), 'spawning');
    } catch (error) {
      // The mold is gone or does not read: its own end, or the deadline of its other orders, will
      // tell.
      log.error({ ...fieldsOf(mold), err: error }, 'could not order a fork');
      fleet.hear(mold, { type: 'forkFailed', id: child.id, reason: String(error) }, now());
    }
  }

  #begin(child: Child, reason: string): void {
    const { fleet, log } = this.#parts;
    const request = fleet.rollouts.requestOf('refork', reason, now());
    const next = { phase: fleet.phase, generation: fleet.nextGeneration++ };
    log.info(
      { ...fieldsOf(child), reason: request.reason, next: next.generation },
      'refork begins',
    );
    this.#began(request, child, next);
  }

  #began(request: RolloutRequest, candidate: Child | null, next: Next): void {
    this.#parts.fleet.rollouts.begin(request, candidate, next, now());
    this.rolloutTimes = { startedAt: new Date(), finishedAt: null };
  }

  /** From here on slots are filled with workers of the new mold's kind. */
  #prove(): void {
    const { fleet, log } = this.#parts;
    const attempt = fleet.prove();
    if (!attempt) return;
    const { phase, generation } = attempt;
    log.info({ phase, generation }, 'canary is healthy, rolling out');
  }

  #retire(mold: number, last: boolean): void {
    this.#tellToLeave(mold, { type: 'retire', last }, 'retiring mold');
  }

  #tellToLeave(id: number, order: Order, text: string): void {
    const { children, fleet, log } = this.#parts;
    this.#withChild(id, (child) => {
      fleet.enter(child, 'leaving', now());
      children.send(child.id, order);
      log.info(fieldsOf(child), text);
    });
  }

  #kill(id: number, reason: string): void {
    this.#withChild(id, (child) => kill(this.#parts, child, reason));
  }

  /** The old generation serves on; whatever the attempt made is taken back. */
  #abandon(reason: string): void {
    const { fleet, log, measurements } = this.#parts;
    const { attempt } = fleet.rollouts;
    if (!attempt) return;
    const { request, phase, generation, startedAt } = attempt;
    measurements.rolledOut(request.kind, 'failure', (now() - startedAt) / 1000);
    log.error({ reason, phase, generation }, `${request.kind} failed`);
    for (const id of [attempt.canary, attempt.candidate])
      if (id !== null) this.#withChild(id, (child) => this.#letGo(child, id === attempt.canary));
    const { retry } = fleet.rollouts.end(reason, now());
    this.rolloutTimes = { ...this.rolloutTimes, finishedAt: new Date() };
    if (!retry) this.#settle(request.kind, { ok: false, error: reason });
  }

  #drop(reason: string): void {
    const { fleet, log } = this.#parts;
    const { pending: request } = fleet.rollouts;
    if (!request) return;
    fleet.rollouts.drop(request, reason, now());
    log.error({ reason }, `${request.kind} given up`);
    this.#settle(request.kind, { ok: false, error: reason });
  }

  /**
   * A candidate that was not told anything yet simply serves on, and so does a mold that was
   * proven.
   */
  #letGo(child: Child, isCanary: boolean): void {
    if (child.state === 'promoting' || (isCanary && child.state === 'serving'))
      this.#tellToLeave(child.id, { type: 'drain' }, 'draining');
    else if (child.state === 'frozen' && !child.proven) this.#retire(child.id, false);
    else if (isStarting(child)) this.#kill(child.id, 'its rollout failed');
  }

  #finish(): void {
    const { fleet, listeners, log, measurements } = this.#parts;
    const { attempt } = fleet.rollouts;
    if (!attempt) return;
    const { request, phase, generation, startedAt } = attempt;
    listeners.closeBefore(phase);
    const ms = Math.round(now() - startedAt);
    measurements.rolledOut(request.kind, 'success', ms / 1000);
    fleet.rollouts.end(null, now());
    this.rolloutTimes = { ...this.rolloutTimes, finishedAt: new Date() };
    log.info({ phase, generation, ms }, `${request.kind} complete`);
    const result = request.kind === 'refork' ? { generation } : { phase, generation };
    this.#settle(request.kind, { ok: true, ...result });
    void runMonitorHook(this.#parts, 'afterBooted');
  }

  #settle(kind: RolloutKind, outcome: Outcome): void {
    this.#parts.waiters.settleCurrent(kind, outcome);
  }
}
