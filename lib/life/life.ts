// A process's life is a loop of two functions: `mold` resolves only in a newborn, `worker` only
// when it is promoted. A newborn may be the service worker instead, for the rest of its life.
import type { HookArguments, HookName } from '../config/hooks.js';
import { loadSettings } from '../config/load.js';
import type { Settings } from '../config/settings.js';
import type { BlockingChannel, Delivery } from '../channel.js';
import { loadEngine } from '../engines/create.js';
import { failpoint } from '../failpoint.js';
import { watchHyperid } from '../fork-safety/hyperid.js';
import { observe } from '../fork-safety/observer.js';
import { watchPools } from '../fork-safety/pools.js';
import type { Order, Report } from '../message.js';
import { native } from '../native.js';
import { loadApp } from './app.js';
import type { App } from './app-kind.js';
import { mold, type Birth } from './mold.js';
import { describe, leave } from './leave.js';
import { serviceWorker } from './service-worker.js';
import { roleSignals } from './signals.js';
import { entitleMold, entitleService, entitleWorker } from './title.js';
import { warmUp } from './warmup.js';
import { worker } from './worker.js';

/** What stays the same from generation to generation. */
export interface Life {
  readonly settings: Settings;
  readonly app: App;
  readonly phase: number;
  readonly monitorPid: number;
}

export type Orders = BlockingChannel<Order, Report>;

/**
 * After the monitor's death a process has this long to answer what is in flight; then the kernel's
 * timer ends it. All is to be gone within a second, also where the timer's turn comes late.
 */
export const orphanGraceMs = 700;
/** What an orphan leaves unused of its grace, so that it goes by itself. */
export const orphanMarginMs = 200;

export type BootOrder = Extract<Order, { type: 'boot' }>;

export async function live(channel: Orders, { message: boot, fds }: Delivery<BootOrder>) {
  const monitorPid = process.ppid;
  native.dieWithMonitor(monitorPid, orphanGraceMs);
  roleSignals.install();
  channel.send({ type: 'born', pid: process.pid });
  observe();
  watchPools();
  watchHyperid();
  const { role, slot, generation, phase } = boot;
  if (slot !== null) entitleWorker({ slot, generation }, 'starting...');
  else if (role === 'service') entitleService(generation);
  else entitleMold(generation, 'starting...');
  const fail = (step: string, error: unknown): never => {
    channel.send({ type: 'failed', step, reason: describe(error) });
    return leave(1);
  };
  let settings: Settings;
  let app: App;
  try {
    settings = await loadSettings(boot.file, boot.overrides);
    if (settings.setpgid) {
      native.leadProcessGroup();
      roleSignals.leaveOnInterrupt();
    }
    loadEngine(settings.engine, settings.app);
    app = await loadApp(settings.app, settings.engine);
    await failpoint('boot.loaded', generation);
  } catch (error) {
    return fail('boot', error);
  }
  const life: Life = { settings, app, phase, monitorPid };
  await warmUp(life, generation).catch((error: unknown) => fail('warmup', error));
  let birth: Birth =
    role === 'mold'
      ? await mold(life, generation, channel)
      : { forkId: null, slot, generation, channelFd: channel.fd, listenFds: fds };
  for (;;) {
    const { slot } = birth;
    if (slot === null) return serviceWorker(life, birth);
    const promotion = await worker(life, { ...birth, slot });
    birth = await mold(life, promotion.generation, promotion.channel);
  }
}

/** In order; the first that fails ends the sequence with its error. */
export async function runHooks<Name extends HookName>(
  settings: Settings,
  name: Name,
  ...args: HookArguments[Name]
): Promise<void> {
  for (const hook of settings.hooks[name]) await hook(...args);
}
