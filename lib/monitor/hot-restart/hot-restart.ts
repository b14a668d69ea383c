// A hot restart, inside the running program: its command is tried beside it, everything is handed
// over, and the command replaces it, under the same pid. Nothing is given up before that: after any
// failure this program continues.
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../../base/error-text.js';
import { settlesWithin } from '../../base/settles-within.js';
import { runMonitorHook } from '../../config/run-hooks.js';
import type { Settings } from '../../config/settings.js';
import type { Outcome } from '../../control-api/outcome.js';
import { launch, secrets } from '../../system/launch.js';
import { native } from '../../system/native.js';
import type { Children } from '../children/children.js';
import type { HeldEndpoints } from '../control/endpoints.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Log } from '../log/log.js';
import type { Measurements } from '../observe/measurements.js';
import { canReplaceProgram } from '../plan/hot-restart-rule.js';
import { nameOf, type Listeners } from '../sockets/listeners.js';
import { handOverFormat, type HandOver } from './hand-over.js';
import type { HeldByPredecessor, TrialReport } from './preflight.js';
import { replaceThisProgram } from './replace-program.js';
import { tryNextProgram } from './trial.js';

export interface HotRestartParts {
  readonly settings: Settings;
  readonly log: Log;
  readonly listeners: Pick<Listeners, 'held'>;
  readonly endpoints: HeldEndpoints;
  readonly fleet: Fleet;
  readonly children: Pick<Children, 'areIdle' | 'channels'>;
  readonly measurements: Pick<Measurements, 'record'>;
  /** Makes the plan look again. */
  readonly turn: () => void;
}

/** The steps that involve the next program: trial.ts and replace-program.ts, or stubs. */
export interface Programs {
  tryNext(held: HeldByPredecessor, timeoutMs: number, signal: AbortSignal): Promise<TrialReport>;
  replace(handOver: HandOver, addon: string): void;
}

const realPrograms: Programs = {
  tryNext: (held, timeoutMs, signal) => tryNextProgram(launch, held, timeoutMs, signal),
  replace: replaceThisProgram,
};

export class HotRestart {
  readonly #parts: HotRestartParts;
  readonly #programs: Programs;
  #preparation: Promise<Outcome> | null = null;
  /** The addon of the next program's Node. */
  #addon = '';
  readonly #trial = new AbortController();

  constructor(parts: HotRestartParts, programs = realPrograms) {
    this.#parts = parts;
    this.#programs = programs;
  }

  /**
   * Resolves when the trial of the next program is over; that takes over as soon as nothing is
   * under way. Requests in the meantime share its outcome.
   */
  prepare(): Promise<Outcome> {
    return (this.#preparation ??= this.#prepare());
  }

  async #prepare(): Promise<Outcome> {
    const { fleet, settings } = this.#parts;
    fleet.setHotRestart('preparing');
    try {
      const { spawnTimeoutMs } = settings;
      const report = await this.#programs.tryNext(this.#held(), spawnTimeoutMs, this.#trial.signal);
      this.#addon = report.addon;
      const hooks = runMonitorHook(this.#parts, 'beforeRestart', { kind: 'hot' });
      await settlesWithin(hooks, settings.shutdownTimeoutMs);
    } catch (error) {
      if (!fleet.stopping) return this.#fail(error);
    }
    if (fleet.stopping) return { ok: false, error: 'the server was stopped' };
    // Only after the answer to a control command has been sent.
    void setImmediate().then(() => {
      if (fleet.hotRestart !== 'preparing') return;
      fleet.setHotRestart('prepared');
      this.#parts.turn();
    });
    return { ok: true, restarts: fleet.restarts + 1 };
  }

  /** The server stops: no program will take over, and a trial is ended. */
  cancel(): void {
    this.#parts.fleet.setHotRestart(null);
    this.#trial.abort();
  }

  /** Does not return on success. */
  async perform(): Promise<void> {
    const { fleet, children } = this.#parts;
    native.holdSignals();
    // Pending signals are handled first, in one more turn of the event loop.
    for (let turn = 0; turn < 2; turn++) await setImmediate();
    if (fleet.hotRestart === 'performing') {
      if (canReplaceProgram(fleet) && children.areIdle) await this.#replaceProgram();
      // A later turn of the plan tries again.
      else fleet.setHotRestart('prepared');
    }
    native.releaseSignals();
  }

  async #replaceProgram(): Promise<void> {
    const { fleet, measurements, log } = this.#parts;
    try {
      const handOver = this.#handOver(await measurements.record());
      log.info({ restarts: fleet.restarts + 1 }, 'replacing the monitor program');
      log.flush();
      this.#programs.replace({ ...handOver, logLinesDropped: log.dropped() }, this.#addon);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): Outcome {
    const { fleet, log } = this.#parts;
    const reason = messageOf(error);
    this.#preparation = null;
    fleet.setHotRestart(null);
    fleet.rollouts.noteError(`hot restart: ${reason}`);
    log.error({ reason }, 'hot restart failed');
    this.#parts.turn();
    return { ok: false, error: reason };
  }

  #held(): HeldByPredecessor {
    const { listeners, endpoints, settings } = this.#parts;
    return {
      format: handOverFormat,
      listen: listeners.held.map(({ address }) => nameOf(address)),
      control: endpoints.control.path,
      remoteControl: endpoints.remoteControl?.port ?? null,
      metrics: endpoints.metrics?.port ?? null,
      pidfile: settings.pidfile,
      hasToken: secrets.token !== null,
    };
  }

  #handOver(measurements: HandOver['measurements']): HandOver {
    const { fleet, children, listeners, settings, endpoints, log } = this.#parts;
    return {
      fleet: fleet.record(performance.now()),
      configuredWorkers: settings.workers,
      channels: children.channels(),
      listeners: listeners.held,
      control: endpoints.control,
      remoteControl: endpoints.remoteControl?.port ?? null,
      metrics: endpoints.metrics?.port ?? null,
      pidfile: settings.pidfile,
      token: secrets.token,
      measurements,
      logLinesDropped: log.dropped(),
    };
  }
}
