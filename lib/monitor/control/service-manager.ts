// Notifies a service manager such as systemd of the server's state: sd_notify(3). Notifications
// follow from the fleet; one that fails is logged and has no other effect.
import { printableLine } from '../../base/printable.js';
import { native } from '../../system/native.js';
import type { ServiceVariables } from '../../system/service-variables.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Log } from '../log/log.js';
import type { Attempt } from '../fleet/rollouts.js';
import { all, rolloutState, serving, slots } from '../fleet/queries.js';

/** Consecutive rollouts are two reloads, distinguished by their attempts. */
export type ServicePhase = 'starting' | 'ready' | 'stopping' | 'restarting' | Attempt;

export function phaseOf(fleet: Fleet): ServicePhase {
  if (fleet.stopping) return 'stopping';
  if (!fleet.booted) return 'starting';
  if (fleet.hotRestart === 'performing') return 'restarting';
  return fleet.rollouts.attempt ?? 'ready';
}

/** Messages to send, in order, when `before` becomes `after`. */
export function announcements(
  before: ServicePhase,
  after: ServicePhase,
  monotonicUsec: bigint,
): string[] {
  if (before === after || after === 'starting') return [];
  if (after === 'stopping') return ['STOPPING=1'];
  if (after === 'ready') return ['READY=1'];
  // The rollout that follows a hot restart belongs to it.
  if (before === 'restarting' && after !== 'restarting') return [];
  const begin = `RELOADING=1\nMONOTONIC_USEC=${monotonicUsec}`;
  // The manager expects the end of one reload before the next begins.
  return before === 'ready' ? [begin] : ['READY=1', begin];
}

/** One line for humans. */
export function statusOf(fleet: Fleet): string {
  if (fleet.stopping) return `stopping: ${all(fleet).length} processes left`;
  const served = slots(fleet).filter((slot) => serving(all(fleet)).some((c) => c.slot === slot));
  const generation = Math.max(0, ...serving(all(fleet)).map((child) => child.generation));
  const { attempt, lastError } = fleet.rollouts;
  return [
    `${served.length} of ${fleet.workers} workers serve`,
    `generation ${generation}`,
    `phase ${fleet.phase}`,
    ...(attempt ? [`${attempt.request.kind}: ${rolloutState(fleet)}`] : []),
    ...(lastError === null ? [] : [`the last rollout failed: ${lastError.split('\n', 1)[0]}`]),
  ].join(', ');
}

/** Half of the manager's watchdog timeout; null if it has none for this process. */
export function watchdogIntervalMs(variables: ServiceVariables, pid: number): number | null {
  const { WATCHDOG_USEC = '0', WATCHDOG_PID = String(pid) } = variables;
  const usec = Number(WATCHDOG_USEC);
  if (Number(WATCHDOG_PID) !== pid || !Number.isSafeInteger(usec) || usec <= 0) return null;
  return Math.max(1, Math.floor(usec / 2_000));
}

export class ServiceManager {
  readonly #socket: string | null;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout | undefined;
  #phase: ServicePhase;
  #status = '';
  #complained = false;

  /** Without NOTIFY_SOCKET it does nothing. `phase`: the one announced last. */
  constructor(variables: ServiceVariables, log: Log, phase: ServicePhase = 'starting') {
    this.#socket = variables.NOTIFY_SOCKET ?? null;
    this.#log = log;
    this.#phase = phase;
    const intervalMs = watchdogIntervalMs(variables, process.pid);
    if (this.#socket === null || intervalMs === null) return;
    this.#send('WATCHDOG=1');
    this.#timer = setInterval(() => this.#send('WATCHDOG=1'), intervalMs);
  }

  /** Called after any possible change of the fleet. */
  tell(fleet: Fleet): void {
    if (this.#socket === null) return;
    const phase = phaseOf(fleet);
    const monotonicUsec = process.hrtime.bigint() / 1_000n;
    const texts = announcements(this.#phase, phase, monotonicUsec);
    // A notification refused by a full queue is repeated the next time.
    if (texts.every((text) => this.#send(text))) this.#phase = phase;
    const status = statusOf(fleet);
    if (status !== this.#status && this.#send(`STATUS=${printableLine(status)}`))
      this.#status = status;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #send(text: string): boolean {
    if (this.#socket === null) return false;
    try {
      native.notify(this.#socket, text);
      return true;
    } catch (error) {
      if (!this.#complained) this.#log.warn({ err: error }, 'cannot notify the service manager');
      this.#complained = true;
      return false;
    }
  }
}
