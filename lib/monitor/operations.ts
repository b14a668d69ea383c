// Operations that an operator requests, by signal or by command: each is recorded in the fleet, and
// the plan acts on it.
import type { Backtrace } from '../control-api/backtrace.js';
import type { Backtraces } from './observe/backtraces.js';
import type { Children } from './children/children.js';
import type { Outcome } from '../control-api/outcome.js';
import type { Fleet, Stopping } from './fleet/fleet.js';
import type { HotRestart } from './hot-restart/hot-restart.js';
import type { MonitorParts } from './parts.js';
import type { RolloutKind } from './fleet/rollouts.js';
import { all } from './fleet/queries.js';
import { canRollBack } from './plan/rollout-rule.js';
import type { Waiters } from './waiters.js';

export interface OperationsParts extends Pick<MonitorParts, 'settings' | 'listeners' | 'log'> {
  readonly fleet: Fleet;
  readonly children: Children;
  readonly waiters: Waiters;
  readonly hotRestart: HotRestart;
  readonly backtraces: Backtraces;
  /** Makes the plan look again. */
  readonly turn: () => void;
}

const now = (): number => performance.now();

export class Operations {
  readonly #parts: OperationsParts;

  constructor(parts: OperationsParts) {
    this.#parts = parts;
  }

  /** A refusal, or a promise that resolves when the rollout has succeeded or was given up. */
  rollOut(kind: RolloutKind, reason: string): Outcome | Promise<Outcome> {
    const { fleet, log, waiters, turn } = this.#parts;
    if (fleet.stopping) return { ok: false, error: `no ${kind}: the server is shutting down` };
    if (kind === 'refork' && fleet.single) return this.#refuse('no refork');
    if (kind === 'rollback' && !canRollBack(fleet)) return this.#noRollback();
    log.info({ reason }, `${kind} requested`);
    // A rollback does not wait for an attempt: it ends it.
    const during = fleet.rollouts.attempt !== null && kind !== 'rollback';
    fleet.rollouts.request(kind, reason, now());
    const outcome = waiters.add(kind, during ? 'next' : 'current');
    turn();
    return outcome;
  }

  /** Resolves after the trial of the next program, which reports on the rest itself. */
  async hotRestart(reason: string): Promise<Outcome> {
    const { fleet, log, hotRestart } = this.#parts;
    if (fleet.stopping) return { ok: false, error: 'no hot restart: the server is shutting down' };
    log.info({ reason }, 'hot restart requested');
    return hotRestart.prepare();
  }

  stop(how: Stopping, reason: string): void {
    const { fleet, hotRestart, log, settings, turn, waiters } = this.#parts;
    if (fleet.stopping === 'immediate' || fleet.stopping === how) return;
    log.info({ reason }, how === 'graceful' ? 'stopping' : 'stopping at once');
    const delays = how === 'graceful' && fleet.booted;
    fleet.stop(how, now() + (delays ? settings.shutdownDelayMs : 0));
    hotRestart.cancel();
    waiters.settleAll({ ok: false, error: 'the server was stopped' });
    turn();
  }

  /** Adds or removes a worker; at least one remains. */
  changeWorkers(by: 1 | -1): Outcome {
    const { fleet, listeners, log, turn } = this.#parts;
    const workers = fleet.workers + by;
    if (fleet.stopping) return { ok: false, error: 'the server is shutting down' };
    if (fleet.single) return this.#refuse('one worker is all there is');
    if (workers < 1) return { ok: false, error: 'one worker is the least' };
    try {
      listeners.grow(workers);
    } catch (error) {
      log.error({ err: error }, 'cannot add a worker');
      return { ok: false, error: String(error) };
    }
    fleet.resize(workers);
    log.info({ workers }, 'number of workers changed');
    turn();
    return { ok: true, workers };
  }

  /** Runs in every serving worker at once: each pauses until its collection is over. */
  collectGarbage(): Outcome {
    const { children, fleet } = this.#parts;
    const workers = all(fleet).filter(({ role, state }) => role !== 'mold' && state === 'serving');
    for (const { id } of workers) children.send(id, { type: 'collectGarbage' });
    return { ok: true, asked: workers.length };
  }

  #noRollback(): Outcome {
    const error = `no rollback: ${this.#parts.fleet.rollouts.rollback.unavailable}`;
    this.#parts.log.info({}, error);
    return { ok: false, error };
  }

  #refuse(what: string): Outcome {
    const error = `${what} in single mode (workers: 0)`;
    this.#parts.log.info({}, error);
    return { ok: false, error };
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

  backtrace(): Promise<Backtrace> {
    return this.#parts.backtraces.take();
  }

  async logBacktrace(): Promise<void> {
    const { processes } = await this.backtrace();
    for (const trace of processes) this.#parts.log.info(trace, 'backtrace');
  }

  ignore(signal: NodeJS.Signals): void {
    this.#parts.log.info({ signal }, 'signal without a meaning here');
  }
}
