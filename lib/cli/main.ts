// The command line. Whatever goes wrong is one line on stderr and exit code 1.
import { stackOf } from '../base/error-text.js';
import { printable } from '../base/printable.js';
import { UserError } from '../base/user-error.js';
import { readOverrides } from '../config/overrides.js';
import { launch, secrets } from '../system/launch.js';
import { explainFewDescriptors } from '../system/proc/few-descriptors.js';
import type { Invocation } from './client/invocation.js';
import { isRemote, readRemote, tokenIn } from './client/remote.js';
import { parse, type Parsed } from './parse.js';

/** Resolves with the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const parsed = parse(argv);
    if (typeof parsed === 'string') {
      process.stdout.write(`${printable(parsed)}\n`);
      return 0;
    }
    const invocation = invocationOf(parsed);
    const run = await parsed.command.load();
    return await run(invocation);
  } catch (error) {
    process.stderr.write(printable(describeFailure(explainFewDescriptors(error))));
    return 1;
  }
}

function invocationOf({ texts, switches }: Parsed): Invocation {
  const text = (name: string): string | undefined => texts[name]?.toString();
  const control = text('control') ?? process.env['PITCHFORK_CONTROL'];
  const remote =
    control !== undefined && isRemote(control)
      ? readRemote(control, text('token') ?? tokenIn(text('token-file')) ?? secrets.token)
      : null;
  return {
    config: text('config'),
    overrides: readOverrides(
      remote ? { ...texts, control: undefined } : texts,
      remote ? { ...process.env, PITCHFORK_CONTROL: undefined } : process.env,
      launch.directory,
    ),
    remote,
    wait: switches.has('wait'),
    json: switches.has('json'),
    requests: {
      request: [texts['request'] ?? []].flat(),
      header: [texts['header'] ?? []].flat(),
      body: text('body') ?? null,
    },
  };
}

/** The message of a user's mistake; the stack of any other error, which is a fault of ours. */
function describeFailure(error: unknown): string {
  const message = error instanceof UserError ? error.message : stackOf(error);
  return `${message.replace(/^(?=\S)/gm, 'pitchfork-ts: ')}\n`;
}
