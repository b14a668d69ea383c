// `pitchfork-ts status`: the processes of the server, one line each.
import { answerTo } from './client/control-client.js';
import { controlPoint } from './client/find/control-point.js';
import { printable } from '../base/printable.js';
import { interruptible } from './interruptible.js';
import type { Invocation } from './client/invocation.js';
import { statusText } from './status-text.js';

export async function status(invocation: Invocation): Promise<number> {
  interruptible();
  const point = await controlPoint(invocation);
  process.stdout.write(printable(statusText(await answerTo(point, 'stats'))));
  return 0;
}
