// Reports an uncaught error to the monitor just before Node ends the process for it. Node's own
// reaction stays the same: stderr, exit code, the app's listeners, domains.
// https://nodejs.org/api/process.html#event-uncaughtexceptionmonitor
import type { Report } from '../../protocol/message.js';
import { describeFailure, type Failure } from './failure.js';

/** Sends at once, without the event loop, or throws: EAGAIN if the monitor does not read. */
type SendNow = (report: Report) => void;

/** Limits in characters: the message must fit into the channel while nobody reads it. */
const maxReason = 2_000;
const maxStack = 8_000;
/** Limit for a busy monitor to read its channel. */
const patienceMs = 500;
const pauseMs = 10;
/** An app that handles its uncaught errors may have many. */
const handledEveryMs = 1_000;

let sendNow: SendNow = () => undefined;
let handledAt = -Infinity;

export const uncaughtErrors = {
  /** Once, before the app is loaded: the listener survives every fork. */
  install(): void {
    process.on('uncaughtExceptionMonitor', report);
  },
  /** From now on, over the channel of the current role. */
  reportTo(next: SendNow): void {
    sendNow = next;
  },
};

/** Must not throw: Node would end with code 7. */
function report(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
  // A domain sets the callback for its own handler.
  const handled =
    process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback();
  const now = performance.now();
  if (handled && now - handledAt < handledEveryMs) return;
  if (handled) handledAt = now;
  const { reason, stack } = describe(error);
  persist(handled ? 0 : patienceMs, {
    type: 'uncaught',
    origin,
    handled,
    reason: reason.slice(0, maxReason),
    stack: stack?.slice(0, maxStack) ?? null,
  });
}

/** The error is the app's own object: any access to it may throw. */
function describe(error: unknown): Failure {
  try {
    return describeFailure(error);
  } catch {
    return { reason: 'an error that cannot be described', stack: null };
  }
}

/** Tries again for a while. The process is about to end, so it may block. */
function persist(forMs: number, message: Report): void {
  for (const until = performance.now() + forMs; ;) {
    try {
      return sendNow(message);
    } catch (error) {
      if (!String(error).includes('EAGAIN') || performance.now() >= until) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
    }
  }
}
