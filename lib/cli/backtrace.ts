// `pitchfork-ts backtrace`: what every process is doing just now.
import type { Backtrace, ProcessTrace } from '../control-api/backtrace.js';
import { accepted, ask, controlPoint } from './client/control-client.js';
import { interruptible } from './interruptible.js';
import type { Invocation } from './client/invocation.js';

export async function backtrace(
  invocation: Invocation,
  { json }: { readonly json: boolean },
): Promise<number> {
  interruptible();
  const point = await controlPoint(invocation);
  const answer = await ask(point, { method: 'GET', path: '/backtrace', wait: false });
  const traced = accepted(answer) as Backtrace;
  process.stdout.write(json ? `${answer.body.trimEnd()}\n` : backtraceText(traced));
  return 0;
}

export function backtraceText({ pid, processes }: Backtrace): string {
  return [`monitor ${pid}`, ...processes.flatMap(linesOf), ''].join('\n');
}

function linesOf(trace: ProcessTrace): string[] {
  const { role, slot, pid, generation, doing, resources, requests, stack } = trace;
  const name = slot === null ? role : `${role} ${slot}`;
  const waitsFor = Object.entries(resources ?? {}).map(([type, count]) => `${count} ${type}`);
  return [
    `${name}, pid ${pid}, generation ${generation}: ${doing}`,
    ...(stack?.split('\n') ?? []).map((line) => `    ${line}`),
    ...(requests ?? []).map(({ method, url, ageMs }) => {
      // The engine 'uws' knows their names only where something else needs them.
      const named = method ? `${method} ${url}` : 'a request';
      return `    ${named} for ${(ageMs / 1000).toFixed(1)}s`;
    }),
    ...(waitsFor.length > 0 ? [`    waits for ${waitsFor.join(', ')}`] : []),
  ];
}
