// The way out of every process that is not the monitor.

/**
 * `exit` listeners run, then the process ends without Node's shutdown (native.exitWithoutShutdown).
 */
export function leave(code: number): never {
  process.exit(code);
}

/** An error as an operator wants to read it: with its stack where it has one. */
export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
