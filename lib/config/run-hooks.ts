// Runs the hooks of a configuration, in the process that they belong to.
import type { HookArguments, HookName, HookNamesIn } from '../api/hooks.js';
import type { Settings } from './settings.js';

/** In order. An error ends the sequence: children fail by it, or log it themselves. */
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

/** An error is logged and the next hook runs: no hook may end the server. */
export async function runMonitorHook<Name extends HookNamesIn<'monitor'>>(
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
