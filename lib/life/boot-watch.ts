// Watches a boot for ends that its code does not report by itself: an await that never settles, an
// error that nothing catches, a call of process.exit. Each is reported in one line.
import { UserError } from '../base/user-error.js';
import { errorCode, placeOf, userFrames, type Place } from '../base/error-text.js';
import { displayPlace } from '../config/display-name.js';
import { exit } from './process/exit.js';
import { describeFailure, type Failure } from './process/failure.js';

export interface BootFailure extends Failure {
  readonly step: 'boot' | 'warmup';
}

export class BootWatch {
  step: BootFailure['step'] = 'boot';
  readonly #report: (failure: BootFailure) => void;
  #awaited = '';
  #reported = false;

  /** To be constructed before any code of the user's runs. */
  constructor(report: (failure: BootFailure) => void) {
    this.#report = report;
    process.on('beforeExit', this.#beforeExit);
    process.on('exit', this.#exiting);
    process.on('uncaughtExceptionMonitor', this.#uncaught);
  }

  /** Resolves or rejects as `promise` does. `what` is its name: 'app.ts: its factory(…)'. */
  async settled<T>(what: string, promise: T): Promise<Awaited<T>> {
    this.#awaited = what;
    return await promise;
  }

  /** Ends the process for an error. */
  fail(error: unknown): never {
    this.#tell(explained(error));
    return exit(1);
  }

  /** The boot is over. */
  end(): void {
    process.off('beforeExit', this.#beforeExit);
    process.off('exit', this.#exiting);
    process.off('uncaughtExceptionMonitor', this.#uncaught);
  }

  /** The event loop is empty: nothing is left that could settle the promise. */
  readonly #beforeExit = (): void => {
    const reason = `${this.#awaited} never settles: nothing is left that could settle it`;
    this.#tell({ reason, stack: null });
    exit(1);
  };

  readonly #exiting = (code: number): void => {
    const place = callerOfExit();
    if (!place) return;
    const reason = `${displayPlace(place)}: process.exit(${code}) was called`;
    this.#tell({ reason, stack: null });
  };

  /** Unless the app has a handler, which may let the process go on. */
  readonly #uncaught = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    if (process.listenerCount('uncaughtException') > 0) return;
    if (process.hasUncaughtExceptionCaptureCallback()) return;
    const { reason, stack } = explained(error);
    const rejection = origin === 'unhandledRejection' ? ' (unhandled rejection)' : '';
    this.#tell({ reason: reason + rejection, stack });
  };

  /** Once: an error that was reported may end the process by one of the other ways. */
  #tell(failure: Failure): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#report({ step: this.step, ...failure });
  }
}

/** Undefined unless the user's code called process.exit: we do so too. */
function callerOfExit(): Place | undefined {
  const call = new Error();
  const [title = '', ...frames] = (call.stack ?? '').split('\n');
  const callers = frames.slice(frames.findLastIndex((line) => line.includes('process.exit')) + 1);
  if (callers.length === frames.length) return undefined;
  call.stack = [title, ...callers.slice(0, 1)].join('\n');
  if (userFrames(call).length === 0) return undefined;
  call.stack = [title, ...callers].join('\n');
  return placeOf(call);
}

/** Adds the remedies of mistakes that are made again and again. */
function explained(error: unknown): Failure {
  const { reason, stack } = describeFailure(error);
  if (error instanceof UserError) return { reason, stack };
  return { reason: reason + remedyFor(errorCode(error), reason), stack };
}

function remedyFor(code: string, reason: string): string {
  // Mostly the very address that this server has taken.
  if (code === 'EADDRINUSE')
    return ': if the app calls listen(), remove that: the option `listen` does it';
  if (/Cannot find (?:module|package) '[@~]\//.test(reason))
    return (
      ': paths of tsconfig.json are not resolved: use relative paths, or subpaths that begin ' +
      'with # ("imports" in package.json)'
    );
  return '';
}
