// The exit of every child.

/** Runs the `exit` listeners, then ends without Node's shutdown (native.exitWithoutShutdown). */
export function exit(code: number): never {
  process.exit(code);
}
