// `pitchfork-ts check`: whether the app can be forked, as a table or as JSON.
import { printable } from '../base/printable.js';
import { findConfig, loadSettings } from '../config/load.js';
import { launch } from '../system/launch.js';
import type { Invocation } from './client/invocation.js';
import { showSteps } from './client/steps.js';
import { interruptible } from './interruptible.js';

export async function check({ config, overrides, requests, json }: Invocation): Promise<number> {
  interruptible();
  const write = process.stdout.write.bind(process.stdout);
  // Output of the configuration is not part of the result.
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const [{ check: run }, { readRequests }, { checkText }] = await Promise.all([
    import('../check/check.js'),
    import('../check/request.js'),
    import('../check/text.js'),
  ]);
  const wanted = readRequests(requests);
  const settings = await loadSettings(config ?? findConfig(launch.directory), overrides);
  const steps = showSteps();
  const options = { requests: wanted, progress: (step: string) => steps.show(step) };
  const result = await run(settings, overrides, options).finally(() => steps.stop());
  write(printable(json ? `${JSON.stringify(result, null, 2)}\n` : checkText(result)));
  return result.safe ? 0 : 1;
}
