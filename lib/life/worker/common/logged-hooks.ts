// Hooks of a process that serves: a failure is logged, since clients must not suffer from it.
import type { HookArguments, HookName } from '../../../api/hooks.js';
import { runHooks } from '../../../config/run-hooks.js';
import type { Settings } from '../../../config/settings.js';
import { describeFailure } from '../../process/failure.js';
import { note } from './notes.js';
import type { WorkerChannel } from './orders.js';

export async function runLogged<Name extends HookName>(
  { settings, channel }: { readonly settings: Settings; readonly channel: WorkerChannel },
  name: Name,
  ...args: HookArguments[Name]
): Promise<void> {
  try {
    await runHooks(settings, name, ...args);
  } catch (error) {
    note(channel, { level: 'error', text: `hook ${name} failed`, ...describeFailure(error) });
  }
}
