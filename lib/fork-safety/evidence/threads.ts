// The OS threads of this process, split into those of the app and those from before the app.
import { access, readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { NodeOption } from './node-options.js';

export interface Thread {
  readonly tid: number;
  /** At most 15 bytes. A thread without a name of its own has its creator's. */
  readonly name: string;
}

/** Helpers of io_uring, managed by the kernel; the watchdog, which is stopped for each fork. */
const accountedFor = /^(?:iou-(?:sqp|wrk)-|pitchfork-watch$)/;

export function listThreads(): Thread[] {
  return readdirSync('/proc/self/task').flatMap((tid) => {
    try {
      const name = readFileSync(`/proc/self/task/${tid}/comm`, 'utf8').trimEnd();
      return accountedFor.test(name) ? [] : [{ tid: Number(tid), name }];
    } catch {
      return []; // Ended since.
    }
  });
}

/**
 * Makes libuv start its thread pool, which it does at the first request (libuv, src/threadpool.c,
 * init_once). access(2) always uses the pool, with or without io_uring.
 */
export function startPool(): void {
  access('/', () => undefined);
}

/** Names of the threads started since `before`; '' for an inherited name. */
export function namesOfNew(now: readonly Thread[], before: readonly Thread[]): string[] {
  const old = new Set(before.map(({ tid }) => tid));
  const inherited = new Set(before.map(({ name }) => name));
  for (const { tid, name } of now) if (old.has(tid)) inherited.add(name);
  return now
    .filter(({ tid }) => !old.has(tid))
    .map(({ name }) => (inherited.has(name) ? '' : name));
}

/** Names of Node's own threads: all of them from Node 24 on, some before. */
const nodesOwn =
  /^(?:node|(?:node-)?(?:MainThread|V8Worker)|DelayedTaskSche|SignalInspector|libuv-worker)$/;

/** The threads of `before` that still run. */
export function remaining(now: readonly Thread[], before: readonly Thread[]): Thread[] {
  const alive = new Set(now.map(({ tid }) => tid));
  return before.filter(({ tid }) => alive.has(tid));
}

/**
 * Names of threads that were started before the app, but not by Node itself: by an option, or by a
 * preloaded module. '' for threads without a distinctive name, which are found by their number.
 */
export function startedBeforeApp(
  threads: readonly Thread[],
  options: readonly NodeOption[],
  poolSize: string | undefined,
): string[] {
  const [main] = threads;
  const named = threads.filter(({ name }) => !nodesOwn.test(name) && name !== main?.name);
  const expected = 2 + v8PoolSize(options) + signalInspectors(options) + libuvPoolSize(poolSize);
  const surplus = Math.max(0, threads.length - named.length - expected);
  return [...named.map(({ name }) => name), ...Array<string>(surplus).fill('')];
}

/** Removes the first candidate that is among the names. */
export function strike(names: string[], ...candidates: (string | null)[]): void {
  for (const candidate of candidates) {
    const index = candidate === null ? -1 : names.indexOf(candidate);
    if (index !== -1) return void names.splice(index, 1);
  }
}

/** Node, src/node_options.cc and src/node.cc; 0 means one per core but one, at most 16. */
function v8PoolSize(options: readonly NodeOption[]): number {
  const written = options.findLast(({ option }) => option === '--v8-pool-size')?.value;
  const size = written === undefined ? 4 : Number(written);
  return size > 0 ? size : Math.min(16, Math.max(1, availableParallelism() - 1));
}

function signalInspectors(options: readonly NodeOption[]): number {
  return options.some(({ option }) => option === '--disable-sigusr1') ? 0 : 1;
}

/** UV_THREADPOOL_SIZE as libuv reads it (src/threadpool.c). */
function libuvPoolSize(written: string | undefined): number {
  if (written === undefined) return 4;
  return Math.min(1024, Math.max(1, Number.parseInt(written, 10) || 0));
}
