// The way out of every process that is not the monitor.
import { ConfigError } from '../config/config-error.js';

/**
 * `exit` listeners run, then the process ends without Node's shutdown (native.exitWithoutShutdown).
 */
export function leave(code: number): never {
  process.exit(code);
}

/** An error as an operator wants to read it: with its stack, unless it is the user's to mend. */
export function describe(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
