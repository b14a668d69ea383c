// The OS threads of this process: which there were before the app, and which are the app's.
import { access, readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { NodeOption } from './node-options.js';

export interface Thread {
  readonly tid: number;
  /** At most 15 characters. A thread that has no name of its own has its creator's. */
  readonly name: string;
}

/** Helpers of io_uring, which the kernel starts and ends; our watchdog, which each fork ends. */
const accountedFor = /^(?:iou-(?:sqp|wrk)-|pitchfork-watch$)/;

export function listThreads(): Thread[] {
  return readdirSync('/proc/self/task').flatMap((tid) => {
    try {
      const name = readFileSync(`/proc/self/task/${tid}/comm`, 'utf8').trimEnd();
      return accountedFor.test(name) ? [] : [{ tid: Number(tid), name }];
    } catch {
      return []; // It has ended meanwhile.
    }
  });
}

/**
 * Makes libuv start all threads of its pool, which it does at the first request (libuv,
 * src/threadpool.c, init_once). access(2) always goes there, io_uring or not.
 */
export function startPool(): void {
  access('/', () => undefined);
}

/** The threads that came after `before`; '' for the name that one inherited. */
export function namesOfNew(now: readonly Thread[], before: readonly Thread[]): string[] {
  const old = new Set(before.map(({ tid }) => tid));
  const inherited = new Set(before.map(({ name }) => name));
  for (const { tid, name } of now) if (old.has(tid)) inherited.add(name);
  return now
    .filter(({ tid }) => !old.has(tid))
    .map(({ name }) => (inherited.has(name) ? '' : name));
}

/** From Node 24 on, Node names all of its threads; before, some. */
const nodesOwn =
  /^(?:node|(?:node-)?(?:MainThread|V8Worker)|DelayedTaskSche|SignalInspector|libuv-worker)$/;

/** Those of `before` that still run. */
export function remaining(now: readonly Thread[], before: readonly Thread[]): Thread[] {
  const alive = new Set(now.map(({ tid }) => tid));
  return before.filter(({ tid }) => alive.has(tid));
}

/**
 * The names of the threads that something other than Node started before the app was loaded: an
 * option, or a module that an option loads. '' for those that can only be counted.
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

/** Removes the first of the names that is there. */
export function strike(names: string[], ...candidates: (string | null)[]): void {
  for (const candidate of candidates) {
    const index = candidate === null ? -1 : names.indexOf(candidate);
    if (index !== -1) return void names.splice(index, 1);
  }
}

/** Node, src/node_options.cc and src/node.cc. 0 stands for a size by the number of cores. */
function v8PoolSize(options: readonly NodeOption[]): number {
  const written = options.findLast(({ option }) => option === '--v8-pool-size')?.value;
  const size = written === undefined ? 4 : Number(written);
  return size > 0 ? size : Math.min(16, Math.max(1, availableParallelism() - 1));
}

function signalInspectors(options: readonly NodeOption[]): number {
  return options.some(({ option }) => option === '--disable-sigusr1') ? 0 : 1;
}

/** libuv, src/threadpool.c. */
function libuvPoolSize(written: string | undefined): number {
  if (written === undefined) return 4;
  return Math.min(1024, Math.max(1, Number.parseInt(written, 10) || 0));
}
