// Watches, from before the app is loaded, what cannot be found out afterwards: which threads were
// there already, and which package made a Worker, a child process, or loaded an addon.
import type { ChildProcess as Spawned } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { url as inspectorUrl } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { callingPackages } from '../heap/callers.js';
import { openFiles } from './held-files.js';
import type { Addon, LiveWorker } from './observations.js';
import { packageOf, type Package } from '../heap/package-of.js';
import { listThreads, startPool, type Thread } from './threads.js';

interface SeenWorker extends LiveWorker {
  /** Its thread was left behind by a fork. */
  lost: boolean;
}

/** What the audit reads. */
export const seen = {
  /** The threads that are none of the app's. */
  baseline: [] as Thread[],
  /** Paths of files that somebody else's descriptors hold, such as the lock of flock(1). */
  heldBefore: new Set<string>(),
  /** Whether this process was forked; then the baseline has nothing to tell. */
  newborn: false,
  /** The inspector's thread is in the baseline, or was left behind by a fork. */
  inspectorBefore: false,
  workers: new Map<Worker, SeenWorker>(),
  /** The makers of child processes, by pid. */
  children: new Map<number, Package | null>(),
  addons: new Map<string, Addon>(),
};

/** Called once, in the process that boots, before any code of the app is loaded. */
export function observe(): void {
  takeBaseline();
  seen.heldBefore = new Set(openFiles().held.map(({ path }) => path));
  subscribe('worker_threads', (message) => noteWorker((message as { worker: Worker }).worker));
  subscribe('child_process', (message) => noteChild((message as { process: Spawned }).process));
  watchAddons();
}

/** Called in each newborn after the fork: other threads are left, and no child is ours. */
export function observeNewborn(): void {
  for (const worker of seen.workers.values()) worker.lost = true;
  seen.children.clear();
  seen.newborn = true;
  takeBaseline();
}

function takeBaseline(): void {
  startPool();
  seen.baseline = listThreads();
  seen.inspectorBefore = inspectorUrl() !== undefined;
}

/** Node's own class of Workers, of which it makes but one for module hooks: internal/worker.js. */
const hooksWorker = 'InternalWorker';

/** Published within the constructor, so that the stack still tells who makes it. */
function noteWorker(worker: Worker): void {
  const [owner = null] = callingPackages();
  seen.workers.set(worker, {
    kind: worker.constructor.name === hooksWorker ? 'module hooks' : 'worker',
    owner,
    lost: false,
  });
  worker.once('exit', () => seen.workers.delete(worker));
}

/**
 * It has no pid yet, but will when its maker returns. No listener for its errors: one would hide
 * them from the app, which would not crash any more.
 */
function noteChild(child: Spawned): void {
  const [owner = null] = callingPackages();
  queueMicrotask(() => {
    const { pid } = child;
    if (pid === undefined) return;
    seen.children.set(pid, owner);
    child.once('exit', () => seen.children.delete(pid));
  });
}

/** Packages that only find the file of an addon for others. */
const addonFinders = new Set([
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  '@mapbox/node-pre-gyp',
]);

/** By the path that is asked for: some packages load a copy from elsewhere. */
function watchAddons(): void {
  const dlopen = process.dlopen.bind(process);
  process.dlopen = (target: object, file: string, ...rest: [flags?: unknown]) => {
    Reflect.apply(dlopen, process, [target, file, ...rest]);
    seen.addons.set(file, { file, packages: addonPackages(file, callingPackages()) });
  };
}

/** Prebuilt addons are in a package of their own for each platform, which another one loads. */
function addonPackages(file: string, askedBy: readonly Package[]): Package[] {
  const own = packageOf(file);
  const others = askedBy.filter(({ name }) => !addonFinders.has(name));
  const next = others.find(({ directory }) => directory !== own?.directory);
  return [...(own ? [own] : []), ...(next ? [next] : [])];
}
