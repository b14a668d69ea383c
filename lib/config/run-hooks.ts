// Runs the hooks of a configuration, in the process that they belong to.
import type { HookArguments, HookName } from '../api/hooks.js';
import type { Settings } from './settings.js';

/** In order; the first that fails ends the sequence with its error. */
export async function runHooks<Name extends HookName>(
  settings: Settings,
  name: Name,
  ...args: HookArguments[Name]
): Promise<void> {
  for (const hook of settings.hooks[name]) await hook(...args);
}

interface HookLog {
  error(fields: object, text: string): void;
}

type MonitorHook =
  | 'afterMonitorReady'
  | 'afterBooted'
  | 'beforeRestart'
  | 'afterStopped'
  | 'afterWorkerHardTimeout'
  | 'afterWorkerExit';

/** One that fails is logged, and the next one runs: nothing that a hook does may end the server. */
export async function runMonitorHook<Name extends MonitorHook>(
  { settings, log }: { readonly settings: Settings; readonly log: HookLog },
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
