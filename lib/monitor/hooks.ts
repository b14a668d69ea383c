// Runs the hooks that belong to the monitor. One that fails is logged: nothing that a hook does may
// end the server.
import type { HookArguments } from '../config/hooks.js';
import type { Settings } from '../config/settings.js';
import type { Log } from './log.js';

type MonitorHook =
  | 'afterMonitorReady'
  | 'afterBooted'
  | 'beforeRestart'
  | 'afterStopped'
  | 'afterWorkerHardTimeout'
  | 'afterWorkerExit';

export async function runMonitorHook<Name extends MonitorHook>(
  { settings, log }: { readonly settings: Settings; readonly log: Log },
  name: Name,
  ...args: HookArguments[Name]
): Promise<void> {
  for (const hook of settings.hooks[name])
    try {
      await hook(...args);
    } catch (error) {
      log.error({ hook: name, err: error }, 'hook failed');
    }
}
