// Performs what the plan decided. The one place where children are started, told to leave and
// killed.
import type { Child } from './child.js';
import type { Children } from './children.js';
import type { Outcome } from './control.js';
import type { Fleet } from './fleet.js';
import { runMonitorHook } from './hooks.js';
import type { Measurements } from './measurements.js';
import type { MonitorParts } from './monitor.js';
import { fieldsOf } from './narrate.js';
import type { Action } from './action.js';
import type { Order } from '../message.js';
import { unreachable } from '../unreachable.js';
import type { Waiters } from './waiters.js';

export interface PerformerParts extends MonitorParts {
  readonly fleet: Fleet;
  readonly children: Children;
  readonly measurements: Measurements;
  readonly waiters: Waiters;
}

/** How it ended: `reason` tells why a code is not 0. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** In wall-clock time, for the status. */
export interface ReforkTimes {
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

const now = (): number => performance.now();

export class Performer {
  reforkTimes: ReforkTimes = { startedAt: null, finishedAt: null };
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
      case 'bootWorker':
        return this.#bootWorker(action.slot);
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
        return this.#withChild(action.mold, (mold) => {
          mold.proven = true;
          fleet.unforkable = null;
          fleet.reforks++;
          log.info(fieldsOf(mold), 'canary is healthy, rolling out');
        });
      case 'drain':
        return this.#tellToLeave(action.child, { type: 'drain' }, 'draining');
      case 'retire':
        return this.#retire(action.mold, action.last);
      case 'kill':
        return this.#kill(action.child, action.reason);
      case 'abandon':
        return this.#abandon(action.reason);
      case 'dropWish':
        fleet.refork.drop(action.reason, now());
        log.error({ reason: action.reason }, 'refork given up');
        this.#settle({ ok: false, error: action.reason });
        return;
      case 'finish':
        return this.#finish();
      case 'wish':
        fleet.refork.want(action.reason, now());
        return;
      case 'booted':
        fleet.booted = true;
        log.info({ ms: Math.round(now() - this.#startedAt) }, 'all workers are ready');
        void runMonitorHook(this.#parts, 'afterMonitorReady');
        void runMonitorHook(this.#parts, 'afterBooted');
        return;
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
    this.#parts.waiters.settleAll({ ok: false, error: 'the server gave up' });
  }

  #withChild(id: number, act: (child: Child) => void): void {
    const child = this.#parts.fleet.get(id);
    if (child) act(child);
  }

  #boot(): void {
    const { fleet } = this.#parts;
    const generation = fleet.nextGeneration++;
    fleet.reforks = 0;
    this.#bootChild({ role: 'mold', slot: null, generation });
  }

  #bootWorker(slot: number): void {
    const { fleet } = this.#parts;
    const generation = fleet.unforkable?.generation ?? 0;
    this.#bootChild({ role: 'worker', slot, generation });
  }

  #bootChild(role: Pick<Child, 'role' | 'slot' | 'generation'>): void {
    const { children, fleet, listeners, settings, overrides, log } = this.#parts;
    const child = fleet.add({ ...role, state: 'booting', parent: null }, now());
    const { slot, generation, phase } = child;
    try {
      child.pid = children.boot(
        child,
        settings.nodeOptions,
        { type: 'boot', file: settings.file, overrides, phase, generation, slot },
        slot === null ? [] : listeners.descriptorsFor(slot, fleet.workers),
      );
      log.info(fieldsOf(child), 'booting');
    } catch (error) {
      fleet.kill(child, String(error), now());
      log.error({ ...fieldsOf(child), err: error }, 'could not boot');
    }
  }

  #spawn(moldId: number, slot: number, canary: boolean): void {
    const { children, fleet, listeners, log } = this.#parts;
    const mold = fleet.get(moldId);
    if (!mold) return;
    const role = { role: 'worker', state: 'spawning', slot, generation: mold.generation } as const;
    const child = fleet.add({ ...role, parent: mold.id }, now());
    if (canary && fleet.refork.attempt) fleet.refork.attempt.canary = child.id;
    try {
      const fds = listeners.descriptorsFor(slot, fleet.workers);
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
    const wish = fleet.refork.wish ?? { reason, tried: new Set(), notBefore: 0 };
    const next = fleet.nextGeneration++;
    fleet.refork.begin(wish, child, next, now());
    this.reforkTimes = { startedAt: new Date(), finishedAt: null };
    log.info({ ...fieldsOf(child), reason: wish.reason, next }, 'refork begins');
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
    const { children, fleet, log } = this.#parts;
    this.#withChild(id, (child) => {
      log.warn({ ...fieldsOf(child), reason }, 'killing');
      fleet.kill(child, reason, now());
      if (child.pid === null) {
        children.forget(child.id);
        return;
      }
      try {
        process.kill(child.pid, 'SIGKILL');
      } catch {
        // It is gone already; SIGCHLD tells.
      }
    });
  }

  /** The old generation serves on; whatever the attempt made is taken back. */
  #abandon(reason: string): void {
    const { fleet, log, measurements } = this.#parts;
    const { attempt } = fleet.refork;
    if (!attempt) return;
    const seconds = (now() - attempt.startedAt) / 1000;
    measurements.reforked('failure', seconds);
    log.error({ reason, generation: attempt.generation }, 'refork failed');
    for (const id of [attempt.canary, attempt.candidate])
      if (id !== null) this.#withChild(id, (child) => this.#letGo(child, id === attempt.canary));
    const { retry } = fleet.refork.end(reason, now());
    this.reforkTimes = { ...this.reforkTimes, finishedAt: new Date() };
    if (!retry) this.#settle({ ok: false, error: reason });
  }

  /**
   * A candidate that was not told anything yet simply serves on, and so does a mold that was
   * proven.
   */
  #letGo(child: Child, isCanary: boolean): void {
    if (child.state === 'promoting' || (isCanary && child.state === 'serving'))
      this.#tellToLeave(child.id, { type: 'drain' }, 'draining');
    else if (child.state === 'frozen' && !child.proven) this.#retire(child.id, false);
    else if (isCanary && child.state !== 'leaving') this.#kill(child.id, 'its refork failed');
  }

  #finish(): void {
    const { fleet, log, measurements } = this.#parts;
    const { attempt } = fleet.refork;
    if (!attempt) return;
    const { generation } = attempt;
    const ms = Math.round(now() - attempt.startedAt);
    measurements.reforked('success', ms / 1000);
    fleet.refork.end(null, now());
    this.reforkTimes = { ...this.reforkTimes, finishedAt: new Date() };
    log.info({ generation, ms }, 'refork complete');
    this.#settle({ ok: true, generation });
    void runMonitorHook(this.#parts, 'afterBooted');
  }

  #settle(outcome: Outcome): void {
    this.#parts.waiters.settleCurrent(outcome);
  }
}
