// The life of a child is a loop of two functions: `mold` resolves only in a newborn, `worker` only
// with a promotion. A newborn can also be the service worker, for the rest of its life.
import { loadSettings } from '../config/load.js';
import { displayName } from '../config/display-name.js';
import type { Settings } from '../config/settings.js';
import type { Delivery } from '../protocol/channel.js';
import { digestsOf } from '../protocol/restart-options.js';
import { loadEngine } from '../engines/create.js';
import { failpoint } from './process/failpoint.js';
import { watchHyperid } from '../fork-safety/renew/hyperid.js';
import { observe } from '../fork-safety/audit/observer.js';
import { watchPools } from '../fork-safety/renew/random-pools.js';
import { watchResolvers } from '../fork-safety/renew/resolvers.js';
import { native } from '../system/native.js';
import { loadApp } from './app-export.js';
import { BootWatch } from './boot-watch.js';
import type { App } from '../api/app-types.js';
import { mold } from './mold/mold.js';
import type { Birth, BootOrder, Life, Orders } from './process/birth.js';
import { orphanGraceMs } from './process/orphan.js';
import { serviceWorker } from './worker/service-worker.js';
import { roleSignals } from './process/role-signals.js';
import { entitleMold, entitleService, entitleWorker } from './process/title.js';
import { uncaughtErrors } from './process/uncaught-errors.js';
import { warmUp } from './warmup.js';
import { worker } from './worker/worker.js';

/** Awaited in a mold, until a newborn goes on. */
const moldHooks = 'a hook of the mold (afterMoldFork, beforeFork or afterFork)';

export async function live(channel: Orders, { message: boot, fds }: Delivery<BootOrder>) {
  const monitorPid = process.ppid;
  native.dieWithMonitor(monitorPid, orphanGraceMs);
  roleSignals.install();
  channel.send({ type: 'born' });
  uncaughtErrors.install();
  observe();
  watchPools();
  watchHyperid();
  watchResolvers();
  const { role, slot, generation, phase } = boot;
  if (slot !== null) entitleWorker({ slot, generation }, 'starting...');
  else if (role === 'service') entitleService(generation);
  else entitleMold(generation, 'starting...');
  const watch = new BootWatch((failure) => channel.send({ type: 'failed', ...failure }));
  let settings: Settings;
  let app: App;
  try {
    settings = await watch.settled(
      `${displayName(boot.file)}: a top-level await`,
      loadSettings(boot.file, boot.overrides),
    );
    channel.send({ type: 'configured', options: digestsOf(settings) });
    if (settings.setpgid) {
      native.leadProcessGroup();
      roleSignals.exitOnInterrupt();
    }
    loadEngine(settings.engine, settings.app);
    app = await loadApp(settings.app, settings.engine, watch);
    await failpoint('boot.loaded', generation);
  } catch (error) {
    return watch.fail(error);
  }
  const life: Life = { settings, app, phase, monitorPid };
  watch.step = 'warmup';
  await watch
    .settled('the hook', warmUp(life, generation))
    .catch((error: unknown) => watch.fail(error));
  watch.step = 'boot';
  let birth: Birth =
    role === 'mold'
      ? await watch.settled(moldHooks, mold(life, generation, channel))
      : {
          forkId: null,
          slot,
          generation,
          channelFd: channel.fd,
          unread: channel.unread,
          listenFds: fds,
        };
  watch.end();
  for (;;) {
    const { slot } = birth;
    if (slot === null) return serviceWorker(life, birth);
    const promotion = await worker(life, { ...birth, slot });
    birth = await mold(life, promotion.generation, promotion.channel);
  }
}
