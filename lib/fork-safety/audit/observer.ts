// Records, from before the app is loaded, facts that cannot be established later: the threads that
// existed before, and the package behind each Worker, child process and addon.
import type { ChildProcess as Spawned } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { url as inspectorUrl } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { callingPackages } from '../heap/calling-packages.js';
import { openFiles } from '../evidence/held-files.js';
import type { Addon, LiveWorker } from './observations.js';
import { packageOf, type Package } from '../heap/package-of.js';
import { socketInodes } from '../evidence/listening-sockets.js';
import { listThreads, startPool, type Thread } from '../evidence/threads.js';

interface ObservedWorker extends LiveWorker {
  /** Whether its thread was left behind by a fork. */
  lost: boolean;
  /** Whether its thread is in the baseline. */
  early: boolean;
}

/** The record, read by collect.ts. */
export const activity = {
  /** Threads that do not belong to the app. */
  baseline: [] as Thread[],
  /** Paths of files held by inherited descriptors, such as the lock of flock(1). */
  heldBefore: new Set<string>(),
  /** Inodes of the sockets that the app did not open: those that it is to accept from, mostly. */
  socketsBefore: new Set<string>(),
  /** Whether this process was forked; its baseline then says nothing about options. */
  newborn: false,
  /** Whether the inspector's thread is in the baseline, or was left behind by a fork. */
  inspectorBefore: false,
  workers: new Map<Worker, ObservedWorker>(),
  /** The package that spawned each child process, by pid; null for the app. */
  children: new Map<number, Package | null>(),
  /** By path, as passed to process.dlopen. */
  addons: new Map<string, Addon>(),
};

let watching = false;

/**
 * Call in the process that boots, before any code that is not Node's or ours: modules of the
 * options --require and --import run long before the app is loaded. Does nothing the second time.
 */
export function watch(): void {
  if (watching) return;
  watching = true;
  activity.heldBefore = new Set(openFiles().held.map(({ path }) => path));
  activity.socketsBefore = socketInodes();
  subscribe('worker_threads', (message) => recordWorker((message as { worker: Worker }).worker));
  subscribe('child_process', (message) => recordChild((message as { process: Spawned }).process));
  watchAddons();
}

/** Call once, in the process that boots, before the app is loaded. */
export function observe(): void {
  watch();
  for (const worker of activity.workers.values()) worker.early = true;
  takeBaseline();
}

/** Call in each newborn after the fork, which has none of the mold's threads or children. */
export function observeNewborn(): void {
  for (const worker of activity.workers.values()) worker.lost = true;
  activity.children.clear();
  activity.socketsBefore = socketInodes();
  activity.newborn = true;
  takeBaseline();
}

function takeBaseline(): void {
  startPool();
  activity.baseline = listThreads();
  activity.inspectorBefore = inspectorUrl() !== undefined;
}

/** Node's class for the single Worker of module hooks (lib/internal/worker.js). */
const hooksWorker = 'InternalWorker';

/** Published by the constructor of Worker, so the creator is on the stack. */
function recordWorker(worker: Worker): void {
  const [owner = null] = callingPackages();
  activity.workers.set(worker, {
    kind: worker.constructor.name === hooksWorker ? 'module hooks' : 'worker',
    owner,
    lost: false,
    early: false,
  });
  worker.once('exit', () => activity.workers.delete(worker));
}

/**
 * The pid is assigned after this event, when spawn() returns. No 'error' listener is added: it
 * would hide errors from the app, which would no longer crash.
 */
function recordChild(child: Spawned): void {
  const [owner = null] = callingPackages();
  queueMicrotask(() => {
    const { pid } = child;
    if (pid === undefined) return;
    activity.children.set(pid, owner);
    child.once('exit', () => activity.children.delete(pid));
  });
}

/** Packages that locate addons on behalf of others. */
const addonFinders = new Set([
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  '@mapbox/node-pre-gyp',
]);

/** Keyed by the requested path: some packages load a copy from elsewhere. */
function watchAddons(): void {
  const dlopen = process.dlopen.bind(process);
  process.dlopen = (target: object, file: string, ...rest: [flags?: unknown]) => {
    Reflect.apply(dlopen, process, [target, file, ...rest]);
    activity.addons.set(file, { file, packages: addonPackages(file, callingPackages()) });
  };
}

/** Prebuilt addons often come in a separate package per platform, loaded by the main package. */
function addonPackages(file: string, loadedBy: readonly Package[]): Package[] {
  const own = packageOf(file);
  const others = loadedBy.filter(({ name }) => !addonFinders.has(name));
  const next = others.find(({ directory }) => directory !== own?.directory);
  return [...(own ? [own] : []), ...(next ? [next] : [])];
}
