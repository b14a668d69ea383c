// Performs the effects of the plan's decisions: sends orders, starts processes, writes the log,
// runs hooks. It decides nothing; carry-out.ts has recorded the change already.
import { basename } from 'node:path';
import { unreachable } from '../base/unreachable.js';
import { messageOf } from '../base/error-text.js';
import { runMonitorHook } from '../config/run-hooks.js';
import type { Outcome, RolledOut } from '../control-api/outcome.js';
import type { Order } from '../protocol/message.js';
import { changedOptions, digestsOf } from '../protocol/restart-options.js';
import type { Children } from './children/children.js';
import { askForStack, kill, timeOut } from './children/kill.js';
import type { Child } from './fleet/child.js';
import type { Fleet } from './fleet/fleet.js';
import type { Attempt, RolloutKind } from './fleet/rollouts.js';
import type { HotRestart } from './hot-restart/hot-restart.js';
import { fieldsOf } from './log/report-lines.js';
import type { Measurements } from './observe/measurements.js';
import type { MonitorParts } from './parts.js';
import type { Effect } from './plan/carry-out.js';
import type { Waiters } from './waiters.js';

export interface PerformerParts extends Pick<
  MonitorParts,
  'settings' | 'overrides' | 'listeners' | 'log'
> {
  readonly fleet: Fleet;
  readonly children: Pick<Children, 'boot' | 'order' | 'send' | 'forget'>;
  readonly measurements: Pick<Measurements, 'rolledOut'>;
  readonly waiters: Waiters;
  readonly hotRestart: Pick<HotRestart, 'perform' | 'cancel'>;
}

/** The end of the server: `reason` explains a code other than 0. */
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

/** Log lines of orders; the others are too frequent for level info. */
const lineOf: Partial<Record<Order['type'], string>> = {
  promote: 'promoting',
  drain: 'draining',
  retire: 'retiring mold',
};

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

  perform(effect: Effect): void {
    switch (effect.type) {
      case 'boot':
        return this.#boot(effect.child);
      case 'fork':
        return this.#fork(effect.child, effect.mold);
      case 'send':
        return this.#send(effect.child, effect.order);
      case 'kill':
        return kill(this.#parts, effect.child, effect.reason);
      case 'timeOut':
        return void timeOut(this.#parts, effect.child, effect.reason);
      case 'askForStack':
        return askForStack(this.#parts, effect.child);
      case 'rolloutBegan':
        return this.#rolloutBegan(effect.attempt);
      case 'canaryProven': {
        const { phase, generation, proof } = effect.attempt;
        const fields = { phase, generation, ...proof, ...(proof && { ms: Math.round(proof.ms) }) };
        return this.#parts.log.info(fields, 'canary is healthy, rolling out');
      }
      case 'rolloutEnded':
        return this.#rolloutEnded(effect);
      case 'trialCancelled':
        return this.#settle('rollback', {
          ...{ ok: true, phase: this.#parts.fleet.phase, workers: this.#parts.fleet.workers },
        });
      case 'released':
        return this.#parts.log.info({ reason: effect.reason }, 'rollback no longer possible');
      case 'requestDropped':
        this.#parts.log.error({ reason: effect.reason }, `${effect.kind} given up`);
        return this.#settle(effect.kind, { ok: false, error: effect.reason });
      case 'backingOff':
        return this.#backingOff(effect);
      case 'booted':
        return this.#booted();
      case 'replaceProgram':
        return void this.#parts.hotRestart.perform();
      case 'giveUp':
        return this.#giveUp(effect.reason);
      case 'exit':
        return this.#exit(this.#givenUp ?? effect);
      default:
        return unreachable(effect);
    }
  }

  #boot(child: Child): void {
    const { children, fleet, listeners, settings, overrides, log } = this.#parts;
    const { role, slot, generation, phase } = child;
    try {
      const order = { type: 'boot', file: settings.file, overrides, role, slot } as const;
      const pid = children.boot(
        child,
        settings.nodeOptions,
        { ...order, generation, phase },
        listeners.descriptorsFor(slot, fleet.workers, phase),
      );
      fleet.started(child, pid);
      log.info(fieldsOf(child), 'booting');
    } catch (error) {
      log.error({ ...fieldsOf(child), err: error }, 'could not boot');
      fleet.notStarted(child, messageOf(error), now());
    }
  }

  #fork(child: Child, mold: Child): void {
    const { children, fleet, listeners, log } = this.#parts;
    try {
      children.order(child, mold, listeners.descriptorsFor(child.slot, fleet.workers, child.phase));
      log.debug(fieldsOf(child), 'spawning');
    } catch (error) {
      // The mold is dead or does not read: its end follows, or a deadline of its other orders.
      log.error({ ...fieldsOf(mold), err: error }, 'could not order a fork');
      fleet.notForked(mold, child.id, messageOf(error), now());
    }
  }

  #send(child: Child, order: Order): void {
    this.#parts.children.send(child.id, order);
    const text = lineOf[order.type];
    if (text !== undefined) this.#parts.log.info(fieldsOf(child), text);
  }

  #rolloutBegan({ request, candidate, phase, generation, automatic }: Attempt): void {
    const { fleet, log } = this.#parts;
    const { kind, reason } = request;
    this.rolloutTimes = { startedAt: new Date(), finishedAt: null };
    if (kind === 'phased restart') {
      log.info({ reason, next: phase }, 'phased restart begins');
      void runMonitorHook(this.#parts, 'beforeRestart', { kind: 'phased' });
      return;
    }
    if (kind === 'rollback') {
      const fields = { reason, next: phase };
      if (automatic) log.error(fields, 'the new code dies, rolling back to the old');
      else log.info(fields, 'rollback begins');
      return;
    }
    const child = fleet.get(candidate);
    log.info({ ...(child && fieldsOf(child)), reason, next: generation }, 'refork begins');
  }

  #rolloutEnded({ attempt, failure, over }: Extract<Effect, { type: 'rolloutEnded' }>): void {
    const { fleet, listeners, log, measurements } = this.#parts;
    const { phase, generation, startedAt } = attempt;
    const { kind, failures } = attempt.request;
    const ms = Math.round(now() - startedAt);
    this.rolloutTimes = { ...this.rolloutTimes, finishedAt: new Date() };
    const result = failure === null ? 'success' : 'failure';
    measurements.rolledOut(kind, result, ms / 1000, attempt.automatic);
    if (failure !== null) {
      log.error({ reason: failure, phase, generation }, `${kind} failed`);
      if (over) this.#settle(kind, { ok: false, error: failure });
      return;
    }
    listeners.closeBefore(phase);
    log.info({ phase, generation, ms }, `${kind} complete`);
    const notApplied = this.#notApplied(attempt);
    const details: RolledOut = {
      ...{ phase, generation, workers: fleet.workers, ms },
      canary: attempt.proof && { ...attempt.proof, ms: Math.round(attempt.proof.ms) },
      failedAttempts: failures,
      notApplied,
    };
    this.#settle(kind, { ok: true, ...details });
    void runMonitorHook(this.#parts, 'afterBooted');
  }

  /** Options that were changed in the configuration, for the log and for the one who asked. */
  #notApplied({ configured }: Attempt): string[] {
    const { log, settings } = this.#parts;
    const options = configured ? changedOptions(digestsOf(settings), configured) : [];
    const text = `${options.join(', ')} changed in ${basename(settings.file)}: `;
    if (options.length > 0) log.warn({ options }, `${text}\`restart\` applies them`);
    return options;
  }

  #backingOff({ slots, ms }: Extract<Effect, { type: 'backingOff' }>): void {
    const { fleet, log } = this.#parts;
    const reason = fleet.starts.deaths.since(0).at(-1)?.reason ?? fleet.starts.lastError;
    const nextTryInMs = Math.round(ms);
    log.warn({ slots, reason, nextTryInMs }, 'backing off: workers die again and again');
  }

  #booted(): void {
    this.#parts.log.info({ ms: Math.round(now() - this.#startedAt) }, 'all workers are ready');
    void runMonitorHook(this.#parts, 'afterMonitorReady');
    void runMonitorHook(this.#parts, 'afterBooted');
  }

  /** Ends everything at once; the exit code marks an end that no operator requested. */
  #giveUp(reason: string): void {
    const { hotRestart, log, waiters } = this.#parts;
    log.fatal({ reason }, 'giving up');
    this.#givenUp = { code: 1, reason };
    hotRestart.cancel();
    waiters.settleAll({ ok: false, error: 'the server gave up' });
  }

  #settle(kind: RolloutKind, outcome: Outcome): void {
    this.#parts.waiters.settleCurrent(kind, outcome);
  }
}
