// The last net under the monitor: an error that nothing expected is logged with its stack, and the
// monitor goes on, since its end would be the end of all workers. Only the event that led to the
// error is lost; deadlines find a child that it left in an unfit state.
import { stackOf, userFrames } from '../base/error-text.js';
import type { Log } from './log/log.js';

/** The same defect is logged again only after this time: it may occur at every tick. */
const silenceMs = 60_000;
const mostRemembered = 100;

export class Defects {
  readonly #log: Log;
  readonly #logged = new Map<string, { at: number; since: number }>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Whether `act` ended without an error. */
  contain(act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      this.report(error);
      return false;
    }
  }

  report(error: unknown): void {
    const stack = stackOf(error);
    const now = performance.now();
    const before = this.#logged.get(stack);
    if (before && now - before.at < silenceMs) return void before.since++;
    if (this.#logged.size >= mostRemembered) this.#logged.clear();
    this.#logged.set(stack, { at: now, since: 0 });
    const repeated = before && before.since > 0 ? { repeated: before.since } : {};
    this.#log.error({ reason: String(error), stack, ...repeated }, placeIn(error));
  }

  /** Catches all that reaches the event loop. Returns a function that ends it. */
  watch(): () => void {
    const report = (error: unknown): void => this.report(error);
    process.on('uncaughtException', report);
    process.on('unhandledRejection', report);
    return () => {
      process.off('uncaughtException', report);
      process.off('unhandledRejection', report);
    };
  }
}

/** A hook of the configuration may have left a timer, or a promise that nobody awaits. */
function placeIn(error: unknown): string {
  const frames = error instanceof Error ? userFrames(error) : [];
  return frames.some(({ file }) => !file.includes('/node_modules/'))
    ? 'uncaught error of the configuration'
    : 'defect of pitchfork-ts';
}
