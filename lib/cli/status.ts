// `pitchfork-ts status`: the processes of the server, one line each.
import type { Stats } from '../control-api/stats.js';
import { accepted, ask, controlPoint } from './client/control-client.js';
import { interruptible } from './interruptible.js';
import type { Invocation } from './client/invocation.js';
import { statusText } from './status-text.js';

export async function status(invocation: Invocation): Promise<number> {
  interruptible();
  const point = await controlPoint(invocation);
  const answer = accepted(await ask(point, { method: 'GET', path: '/stats', wait: false }));
  process.stdout.write(statusText(answer as Stats));
  return 0;
}
