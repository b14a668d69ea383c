// Libraries that remove files, locks and child processes when "their" process exits: what was made
// before a fork belongs to all processes that came of it, and only the last of them may remove it.
// The app's own listeners run in every process, as they would without a fork.
import type { EventEmitter } from 'node:events';
import { native } from '../../system/native.js';
import { packageOf } from '../heap/package-of.js';

/** Known by the file in which a listener is written, not by how it is registered. */
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

interface Suspended {
  restore(): void;
}

/** A fork inherits them, so that whoever is the last can still clean up. */
let suspended: Suspended[] = [];

/** For a mold, before it freezes: neither it nor its forks clean up when they leave. */
export function suspendCleaners(): void {
  suspended = [
    ...suspended,
    ...['beforeExit', 'exit'].flatMap((event) => suspendOn(process, event)),
    ...suspendSignalExit3(),
    ...suspendSignalExit4(),
  ];
}

/** For the last process of those that the boot led to, straight before it leaves. */
export function restoreCleaners(): void {
  for (const listener of suspended.splice(0)) listener.restore();
}

function isCleaner(listener: unknown): listener is Listener {
  if (typeof listener !== 'function') return false;
  // `once` wraps what it is given.
  const script = native.scriptOf('listener' in listener ? listener.listener : listener);
  return script !== null && cleaningPackages.has(packageOf(script)?.name ?? '');
}

function suspendOn(emitter: EventEmitter, event: string): Suspended[] {
  return emitter
    .rawListeners(event)
    .filter(isCleaner)
    .map((listener) => {
      emitter.removeListener(event, listener);
      return { restore: () => void emitter.on(event, listener) };
    });
}

/** signal-exit, the registrar of many: up to version 3 it has an emitter of Node's kind. */
function suspendSignalExit3(): Suspended[] {
  const { __signal_exit_emitter__: emitter } = process as {
    __signal_exit_emitter__?: EventEmitter;
  };
  return emitter ? ['exit', 'afterexit'].flatMap((event) => suspendOn(emitter, event)) : [];
}

/** From version 4 on the lists are its own. */
function suspendSignalExit4(): Suspended[] {
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
