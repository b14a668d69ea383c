// `pitchfork-ts backtrace`: the current activity of every process.
import { printable, printableLine } from '../base/printable.js';
import type { Backtrace, ProcessTrace } from '../control-api/backtrace.js';
import { accepted, ask } from './client/control-client.js';
import { controlPoint } from './client/find/control-point.js';
import { interruptible } from './interruptible.js';
import type { Invocation } from './client/invocation.js';

export async function backtrace(invocation: Invocation): Promise<number> {
  interruptible();
  const answer = await ask(await controlPoint(invocation), 'backtrace');
  const traced = accepted(answer) as Backtrace;
  process.stdout.write(
    printable(invocation.json ? `${answer.body.trimEnd()}\n` : backtraceText(traced)),
  );
  return 0;
}

export function backtraceText({ pid, processes }: Backtrace): string {
  return [`monitor ${pid}`, ...processes.flatMap(linesOf), ''].map(printableLine).join('\n');
}

function linesOf(trace: ProcessTrace): string[] {
  const { role, slot, pid, generation, doing, resources, requests, stack } = trace;
  const name = slot === null ? role : `${role} ${slot}`;
  const waitsFor = Object.entries(resources ?? {}).map(([type, count]) => `${count} ${type}`);
  return [
    `${name}, pid ${pid}, generation ${generation}: ${doing}`,
    ...(stack?.split('\n') ?? []).map((line) => `    ${line}`),
    ...(requests ?? []).map(({ method, url, ageMs }) => {
      // The engine 'uws' names requests only where another feature needs that.
      const named = method ? `${method} ${url}` : 'a request';
      return `    ${named} for ${(ageMs / 1000).toFixed(1)}s`;
    }),
    ...(waitsFor.length > 0 ? [`    waits for ${waitsFor.join(', ')}`] : []),
  ];
}
