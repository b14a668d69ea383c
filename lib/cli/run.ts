// `pitchfork-ts run`: this process becomes the monitor.
import { findConfig, loadSettings } from '../config/load.js';
import type { Invocation } from './invocation.js';

export async function run({ config, overrides }: Invocation): Promise<number> {
  const settings = await loadSettings(config ?? findConfig(process.cwd()), overrides);
  const { runMonitor } = await import('../monitor/run.js');
  return runMonitor(settings, overrides);
}
