// `pitchfork-ts stats`: what the server knows, as it says it.
import { accepted, ask, controlPoint } from './client/control-client.js';
import { interruptible } from './interruptible.js';
import type { Invocation } from './client/invocation.js';

export async function stats(invocation: Invocation): Promise<number> {
  interruptible();
  const point = await controlPoint(invocation);
  const answer = await ask(point, { method: 'GET', path: '/stats', wait: false });
  accepted(answer);
  process.stdout.write(`${answer.body.trimEnd()}\n`);
  return 0;
}
