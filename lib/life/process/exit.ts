// The way out of every process that is not the monitor.
import { stackOf } from '../../base/error-text.js';
import { UserError } from '../../base/user-error.js';

/**
 * `exit` listeners run, then the process ends without Node's shutdown (native.exitWithoutShutdown).
 */
export function exit(code: number): never {
  process.exit(code);
}

/** An error as an operator wants to read it: with its stack, unless it is the user's to mend. */
export function describeError(error: unknown): string {
  if (error instanceof UserError) return error.message;
  return stackOf(error);
}
