// The way out of every process that is not the monitor.

/**
 * `exit` listeners run, then the process ends without Node's shutdown (native.exitWithoutShutdown).
 */
export function exit(code: number): never {
  process.exit(code);
}
