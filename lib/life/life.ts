// The life of a child is a loop of two functions: `mold` resolves only in a newborn, `worker` only
// with a promotion. A newborn can also be the service worker, for the rest of its life.
import { loadSettings } from '../config/load.js';
import type { Settings } from '../config/settings.js';
import type { Delivery } from '../protocol/channel.js';
import { digestsOf } from '../protocol/restart-options.js';
import { loadEngine } from '../engines/create.js';
import { failpoint } from './process/failpoint.js';
import { watchHyperid } from '../fork-safety/renew/hyperid.js';
import { observe } from '../fork-safety/audit/observer.js';
import { watchPools } from '../fork-safety/renew/random-pools.js';
import { native } from '../system/native.js';
import { loadApp } from './app-export.js';
import type { App } from '../api/app-types.js';
import { mold } from './mold/mold.js';
import type { Birth, BootOrder, Life, Orders } from './process/birth.js';
import { orphanGraceMs } from './process/orphan.js';
import { exit } from './process/exit.js';
import { describeFailure } from './process/failure.js';
import { serviceWorker } from './worker/service-worker.js';
import { roleSignals } from './process/role-signals.js';
import { entitleMold, entitleService, entitleWorker } from './process/title.js';
import { warmUp } from './warmup.js';
import { worker } from './worker/worker.js';

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
    channel.send({ type: 'failed', step, ...describeFailure(error) });
    return exit(1);
  };
  let settings: Settings;
  let app: App;
  try {
    settings = await loadSettings(boot.file, boot.overrides);
    channel.send({ type: 'configured', options: digestsOf(settings) });
    if (settings.setpgid) {
      native.leadProcessGroup();
      roleSignals.exitOnInterrupt();
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
      : {
          forkId: null,
          slot,
          generation,
          channelFd: channel.fd,
          unread: channel.unread,
          listenFds: fds,
        };
  for (;;) {
    const { slot } = birth;
    if (slot === null) return serviceWorker(life, birth);
    const promotion = await worker(life, { ...birth, slot });
    birth = await mold(life, promotion.generation, promotion.channel);
  }
}
