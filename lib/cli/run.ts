// `pitchfork-ts run`: this process becomes the monitor.
import { findConfig, loadSettings } from '../config/load.js';
import { origin } from '../origin.js';
import type { Invocation } from './invocation.js';

export async function run({ config, overrides }: Invocation): Promise<number> {
  const settings = await loadSettings(config ?? findConfig(origin.directory), overrides);
  const { runMonitor } = await import('../monitor/run.js');
  return runMonitor(settings, overrides);
}
