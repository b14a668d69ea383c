// `pitchfork-ts stats`: the statistics of the server, as it reports them.
import { accepted, ask } from './client/control-client.js';
import { controlPoint } from './client/find/control-point.js';
import { printable } from '../base/printable.js';
import { interruptible } from './interruptible.js';
import type { Invocation } from './client/invocation.js';

export async function stats(invocation: Invocation): Promise<number> {
  interruptible();
  const answer = await ask(await controlPoint(invocation), 'stats');
  accepted(answer);
  process.stdout.write(`${printable(answer.body.trimEnd())}\n`);
  return 0;
}
