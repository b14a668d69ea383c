// Suspends exit listeners of libraries that remove files, locks and child processes when "their"
// process exits. Whatever was created before a fork belongs to all processes of that boot, and only
// the last of them may remove it. The app's own listeners run in every process, as without a fork.
import type { EventEmitter } from 'node:events';
import { native } from '../../system/native.js';
import { packageOf } from '../heap/package-of.js';

/** A listener is attributed to the file that defines it, however it is registered. */
const cleaningPackages = new Set([
  '@puppeteer/browsers',
  'execa',
  'foreground-child',
  'lockfile',
  'npid',
  'playwright-core',
  'proper-lockfile',
  'puppeteer-core',
  'temp',
  'tmp',
  'write-file-atomic',
]);

type Listener = (...args: unknown[]) => void;

interface SuspendedListener {
  restore(): void;
}

/** Inherited by forks, so that the last process can still clean up. */
let suspended: SuspendedListener[] = [];

/** Runs in a mold before it freezes: neither it nor its forks clean up when they exit. */
export function suspendCleaners(): void {
  suspended = [
    ...suspended,
    ...['beforeExit', 'exit'].flatMap((event) => suspendOn(process, event)),
    ...suspendSignalExit3(),
    ...suspendSignalExit4(),
  ];
}

/** Runs in the last process of a boot, immediately before it exits. */
export function restoreCleaners(): void {
  for (const listener of suspended.splice(0)) listener.restore();
}

function isCleaner(listener: unknown): listener is Listener {
  if (typeof listener !== 'function') return false;
  // `once` wraps the listener.
  const script = native.scriptOf('listener' in listener ? listener.listener : listener);
  return script !== null && cleaningPackages.has(packageOf(script)?.name ?? '');
}

function suspendOn(emitter: EventEmitter, event: string): SuspendedListener[] {
  return emitter
    .rawListeners(event)
    .filter(isCleaner)
    .map((listener) => {
      emitter.removeListener(event, listener);
      return { restore: () => void emitter.on(event, listener) };
    });
}

/** signal-exit, which many libraries register with, uses a Node EventEmitter up to version 3. */
function suspendSignalExit3(): SuspendedListener[] {
  const { __signal_exit_emitter__: emitter } = process as {
    __signal_exit_emitter__?: EventEmitter;
  };
  return emitter ? ['exit', 'afterexit'].flatMap((event) => suspendOn(emitter, event)) : [];
}

/** signal-exit from version 4 on keeps its own lists. */
function suspendSignalExit4(): SuspendedListener[] {
  const emitter = (globalThis as { [signalExit]?: { listeners?: Record<string, Listener[]> } })[
    signalExit
  ];
  return Object.values(emitter?.listeners ?? {}).flatMap((list) =>
    list.filter(isCleaner).map((listener) => {
      list.splice(list.indexOf(listener), 1);
      return { restore: () => void list.push(listener) };
    }),
  );
}

const signalExit = Symbol.for('signal-exit emitter');
