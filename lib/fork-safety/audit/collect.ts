// Collects the observations of an audit. Anything unreadable is left out: half an audit is better
// than none.
import { readFileSync, realpathSync } from 'node:fs';
import { url as inspectorUrl } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { workerState } from '../../api/worker-handle.js';
import { ownChildren } from '../../system/own-children.js';
import { isOwn } from '../heap/calling-packages.js';
import { openFiles } from '../evidence/held-files.js';
import { listeningSockets, type ListeningSocket } from '../evidence/listening-sockets.js';
import { loadedModules } from '../heap/loaded-modules.js';
import { readNodeOptions } from '../evidence/node-options.js';
import type { Addon, ChildProcess, Observations } from './observations.js';
import { activity } from './observer.js';
import { packageOf, type Package } from '../heap/package-of.js';
import {
  listThreads,
  namesOfNew,
  remaining,
  startedBeforeApp,
  strike,
} from '../evidence/threads.js';

/** The kernel's limit for thread names, in bytes: PR_SET_NAME(2const). */
const longestThreadName = 15;

export function collect(): Observations {
  const resources = process.getActiveResourcesInfo();
  const files = readOr(openFiles, { held: [], reading: [] });
  return {
    packages: readOr(loadedPackages, []),
    addons: readOr(addons, []),
    threads: readOr(appThreads, []),
    threadsBeforeApp: readOr(threadsBeforeApp, []),
    workers: [...activity.workers.values()],
    children: readOr(children, []),
    held: files.held.filter(({ path }) => !activity.heldBefore.has(path)),
    reading: files.reading,
    listening: readOr(ownListeningSockets, []),
    options: readNodeOptions(process.execArgv, process.env),
    nodeVersion: process.versions.node,
    inspectorUrl: inspectorUrl() ?? null,
    datagramSockets: resources.filter((name) => /^UDPWrap$/i.test(name)).length,
    timers: resources.filter((name) => name === 'Timeout').length,
    unsafeReason: workerState.unsafeReason,
  };
}

function readOr<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

function loadedPackages(): Package[] {
  const found = new Map<string, Package>();
  for (const { file } of loadedModules()) {
    const owner = isOwn(file) ? null : packageOf(file);
    if (owner) found.set(owner.directory, owner);
  }
  for (const { packages } of activity.addons.values())
    for (const owner of packages) found.set(owner.directory, owner);
  return [...found.values()];
}

/** Addons that were loaded under observation, and those mapped before. */
function addons(): Addon[] {
  const observed = [...activity.addons.values()];
  const mapped = readFileSync('/proc/self/maps', 'utf8').match(/\/.*\.node$/gm) ?? [];
  const known = new Set(observed.map(({ file }) => readOr(() => realpathSync(file), file)));
  const others = [...new Set(mapped)].filter((file) => !known.has(file));
  return [
    ...observed,
    ...others.map((file) => ({
      file,
      packages: [packageOf(file)].filter((owner) => owner !== null),
    })),
  ].filter(({ file }) => !isOwnAddon(file));
}

function isOwnAddon(file: string): boolean {
  return /\/native\/pitchfork-[^/]*\.node$/.test(file);
}

/** Excludes that of the inspector, which is judged separately. */
function ownListeningSockets(): ListeningSocket[] {
  const inspected = Number(new URL(inspectorUrl() ?? 'ws://none:0').port);
  return listeningSockets(activity.socketsBefore).filter(({ port }) => port !== inspected);
}

/** Excludes the threads of Workers and of the inspector, which are judged separately. */
function appThreads(): string[] {
  const names = namesOfNew(listThreads(), activity.baseline);
  for (const [worker, { lost, early }] of activity.workers)
    if (!lost && !early) strike(names, threadName(worker), 'WorkerThread', '');
  if (inspectorUrl() !== undefined && !activity.inspectorBefore) strike(names, 'InspectorIo', '');
  return names;
}

/** Threads that have ended since, such as the loader of certificates, do not matter. */
function threadsBeforeApp(): string[] {
  if (activity.newborn) return [];
  const names = startedBeforeApp(
    remaining(listThreads(), activity.baseline),
    readNodeOptions(process.execArgv, process.env),
    process.env['UV_THREADPOOL_SIZE'],
  );
  for (const [worker, { early }] of activity.workers)
    if (early) strike(names, threadName(worker), 'WorkerThread', '');
  if (inspectorUrl() !== undefined && activity.inspectorBefore) strike(names, 'InspectorIo', '');
  return names;
}

/** From Node 24 on, a Worker's thread has the Worker's name. */
function threadName(worker: Worker): string | null {
  const name: unknown = Reflect.get(worker, 'threadName');
  return typeof name === 'string' ? name.slice(0, longestThreadName) : null;
}

function children(): ChildProcess[] {
  return ownChildren().flatMap((pid) => {
    const command = readOr(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'), '');
    // Empty for a zombie.
    if (command === '') return [];
    const words = command.split('\0').join(' ').trim();
    return [{ pid, command: words, owner: activity.children.get(pid) ?? null }];
  });
}
