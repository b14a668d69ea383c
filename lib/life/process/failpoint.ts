// Failpoints make races testable: PITCHFORK_FAILPOINT='name=stop,other@1=sleep:500' acts when
// execution reaches that name (with @1, in generation 1 only). Names are listed here, so that the
// compiler finds a misspelt one.
import { writeSync } from 'node:fs';

export const failpoints = [
  'boot.loaded',
  'promote.ordered',
  'promote.draining',
  'promote.drained',
  'mold.hook',
  'mold.compacting',
  'mold.frozen',
  'mold.spawn',
  'mold.forked',
  'worker.born',
  'worker.hook',
  'worker.serving',
  'service.hook',
] as const;

export type Failpoint = (typeof failpoints)[number];

type Action = { kind: 'stop' | 'kill' | 'throw' | 'exit' } | { kind: 'sleep' | 'spin'; ms: number };

interface Armed {
  generation: number | null;
  action: Action;
}

/** Throws an error that names the offending item if the text is malformed. */
export function parseFailpoints(text: string): Map<string, Armed[]> {
  const armed = new Map<string, Armed[]>();
  for (const item of text.split(',').filter(Boolean)) {
    const match = /^([a-z.]+)(?:@(\d+))?=(stop|kill|throw|exit|sleep:(\d+)|spin:(\d+))$/.exec(item);
    const name = match?.[1];
    if (!match || !name || !failpoints.some((known) => known === name))
      throw new Error(
        `PITCHFORK_FAILPOINT: cannot read "${item}": expected ` +
          'name[@generation]=stop|kill|throw|exit|sleep:ms|spin:ms ' +
          `with one of ${failpoints.join(', ')}`,
      );
    const list = armed.get(name) ?? [];
    list.push({
      generation: match[2] === undefined ? null : Number(match[2]),
      action: parseAction(match),
    });
    armed.set(name, list);
  }
  return armed;
}

function parseAction(match: RegExpExecArray): Action {
  if (match[4] !== undefined) return { kind: 'sleep', ms: Number(match[4]) };
  if (match[5] !== undefined) return { kind: 'spin', ms: Number(match[5]) };
  const word = match[3];
  return { kind: word === 'stop' || word === 'kill' || word === 'exit' ? word : 'throw' };
}

const text = process.env['PITCHFORK_FAILPOINT'];
const armed = text ? parseFailpoints(text) : undefined;

/** Does nothing, at the cost of one comparison, unless the variable is set. */
export function failpoint(name: Failpoint, generation: number): void | Promise<void> {
  if (armed === undefined) return;
  const hit = armed
    .get(name)
    ?.find((item) => item.generation === null || item.generation === generation);
  if (!hit) return;
  // Announces the moment and the process, to the person or the spec that set the variable.
  writeSync(2, `failpoint ${name}@${generation} reached by ${process.pid}\n`);
  return act(name, hit.action);
}

function act(name: string, action: Action): void | Promise<void> {
  switch (action.kind) {
    case 'stop':
      process.kill(process.pid, 'SIGSTOP');
      return;
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return;
    case 'throw':
      throw new Error(`failpoint ${name}`);
    case 'exit':
      process.exit(1);
      return;
    case 'sleep': {
      const { ms } = action;
      return new Promise((resolve) => void setTimeout(resolve, ms));
    }
    case 'spin': {
      const end = performance.now() + action.ms;
      while (performance.now() < end);
    }
  }
}
