// Explanations of exit codes and signals, for operators. Node's own codes are listed in its
// documentation: https://nodejs.org/api/process.html#exit-codes

/** The end of a process, as reported by wait(2): one of the two is null. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** An app may use the same numbers, but hardly this one. */
const neverSettled = 13;
const orByTheApp = (code: number): string => `, or the app called process.exit(${code})`;

/**
 * Node's internal failures (3, 4, 6, 10, 14) are left out: an app that uses such a code is more
 * likely. A Map, since a code is any number: 0 to 255 by the kernel, but an object has other keys.
 */
const codes = new Map<number, string>([
  [1, 'an uncaught error'],
  [5, 'a fatal error in V8, see stderr'],
  [7, "the app's handler of uncaught errors threw"],
  [9, 'Node does not know an option: check nodeOptions and NODE_OPTIONS'],
  [12, 'the inspector could not listen: check --inspect in nodeOptions and NODE_OPTIONS'],
  [neverSettled, 'a top-level await never settled'],
]);

const crashed = (how: string): string =>
  `${how}: a defect in native code, of an addon most likely; see stderr and the core dump`;

const signals = new Map<string, string>([
  [
    'SIGABRT',
    'aborted, as V8 does when its heap is full: see stderr; ' +
      "if so, raise the limit: nodeOptions: ['--max-old-space-size=…'] (in MiB)",
  ],
  ['SIGALRM', 'it outlived its monitor, or a timer of native code expired'],
  ['SIGBUS', crashed('memory that does not exist, or a full /dev/shm or disk')],
  ['SIGFPE', crashed('an impossible calculation')],
  ['SIGILL', crashed('an illegal instruction')],
  ['SIGSEGV', crashed('invalid memory access')],
  ['SIGSYS', 'a system call that the sandbox (seccomp) forbids'],
  ['SIGTRAP', 'a fatal error in V8, see stderr; it also ends so when a large allocation fails'],
  ['SIGXCPU', 'the limit of CPU time (ulimit -t, LimitCPU)'],
  ['SIGXFSZ', 'a file larger than allowed (ulimit -f, LimitFSIZE)'],
]);

/** Shells and containers report the death by signal n as exit code 128 + n. */
const signalOffset = 128;
const signalNumbers = new Map<number, string>([
  [5, 'SIGTRAP'],
  [7, 'SIGBUS'],
  [8, 'SIGFPE'],
  [9, 'SIGKILL'],
  [11, 'SIGSEGV'],
  [31, 'SIGSYS'],
]);

/** In a few words; null where there is nothing to add. */
export function explainEnd({ code, signal }: ProcessEnd): string | null {
  if (signal !== null) return signals.get(signal) ?? null;
  if (code === null) return null;
  const known = codes.get(code);
  if (known !== undefined) return `${known}${code === neverSettled ? '' : orByTheApp(code)}`;
  const name = signalNumbers.get(code - signalOffset);
  return name === undefined ? null : (signals.get(name) ?? name);
}

/** `exit code 13: a top-level await never settled`, `SIGSEGV: …`, `exit code 99`. */
export function describeEnd(end: ProcessEnd): string {
  const explained = explainEnd(end);
  const text = end.signal ?? `exit code ${end.code}`;
  return explained === null ? text : `${text}: ${explained}`;
}
