// Collects what an audit judges. Whatever cannot be read is left out, since half an audit is better
// than none.
import { readFileSync, realpathSync } from 'node:fs';
import { url as inspectorUrl } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { workerState } from '../../api/worker-handle.js';
import { ownChildren } from '../../system/own-children.js';
import { isOwn } from '../heap/callers.js';
import { openFiles } from './held-files.js';
import { loadedModules } from '../heap/loaded-modules.js';
import { readNodeOptions } from './node-options.js';
import type { Addon, ChildProcess, Observations } from './observations.js';
import { seen } from './observer.js';
import { packageOf, type Package } from '../heap/package-of.js';
import { listThreads, namesOfNew, remaining, startedBeforeApp, strike } from './threads.js';

/** The kernel's limit for the name of a thread, in bytes. */
const longestThreadName = 15;

export function collect(): Observations {
  const resources = process.getActiveResourcesInfo();
  const files = readable(openFiles, { held: [], reading: [] });
  return {
    packages: readable(loadedPackages, []),
    addons: readable(addons, []),
    threads: readable(appThreads, []),
    threadsBeforeApp: readable(threadsBeforeApp, []),
    workers: [...seen.workers.values()],
    children: readable(children, []),
    held: files.held.filter(({ path }) => !seen.heldBefore.has(path)),
    reading: files.reading,
    options: readNodeOptions(process.execArgv, process.env),
    nodeVersion: process.versions.node,
    inspectorUrl: inspectorUrl() ?? null,
    datagramSockets: resources.filter((name) => /^UDPWrap$/i.test(name)).length,
    timers: resources.filter((name) => name === 'Timeout').length,
    unsafeReason: workerState.unsafeReason,
  };
}

function readable<T>(read: () => T, otherwise: T): T {
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
  for (const { packages } of seen.addons.values())
    for (const owner of packages) found.set(owner.directory, owner);
  return [...found.values()];
}

/** Those that were asked for, and those that were there before anybody watched. */
function addons(): Addon[] {
  const asked = [...seen.addons.values()];
  const mapped = readFileSync('/proc/self/maps', 'utf8').match(/\/.*\.node$/gm) ?? [];
  const known = new Set(asked.map(({ file }) => readable(() => realpathSync(file), file)));
  const others = [...new Set(mapped)].filter((file) => !known.has(file));
  return [
    ...asked,
    ...others.map((file) => ({
      file,
      packages: [packageOf(file)].filter((owner) => owner !== null),
    })),
  ].filter(({ file }) => !isOurAddon(file));
}

function isOurAddon(file: string): boolean {
  return /\/native\/pitchfork-[^/]*\.node$/.test(file);
}

/** Without those that run Workers and the inspector, which are judged by themselves. */
function appThreads(): string[] {
  const names = namesOfNew(listThreads(), seen.baseline);
  for (const [worker, { lost }] of seen.workers)
    if (!lost) strike(names, threadName(worker), 'WorkerThread', '');
  if (inspectorUrl() !== undefined && !seen.inspectorBefore) strike(names, 'InspectorIo', '');
  return names;
}

/** A thread that has ended meanwhile, such as the one that loads certificates, is no concern. */
function threadsBeforeApp(): string[] {
  if (seen.newborn) return [];
  const names = startedBeforeApp(
    remaining(listThreads(), seen.baseline),
    readNodeOptions(process.execArgv, process.env),
    process.env['UV_THREADPOOL_SIZE'],
  );
  if (inspectorUrl() !== undefined && seen.inspectorBefore) strike(names, 'InspectorIo', '');
  return names;
}

/** From Node 24 on a Worker's thread bears the Worker's name. */
function threadName(worker: Worker): string | null {
  const name: unknown = Reflect.get(worker, 'threadName');
  return typeof name === 'string' ? name.slice(0, longestThreadName) : null;
}

function children(): ChildProcess[] {
  return ownChildren().flatMap((pid) => {
    const command = readable(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'), '');
    // One that has ended, and waits to be reaped, has none.
    if (command === '') return [];
    const words = command.split('\0').join(' ').trim();
    return [{ pid, command: words, owner: seen.children.get(pid) ?? null }];
  });
}
