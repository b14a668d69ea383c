// The outcome of a rollout in words, for `--wait`.

/** For example "done in 2.9 s: generation 1 on 4 workers". `answer`: of the operation. */
export function outcomeText(answer: object): string {
  const { ms, phase, generation, workers } = read(answer, 'ms', 'phase', 'generation', 'workers');
  if (ms === null || workers === null) return 'done';
  const code = generation ? `generation ${generation}` : `phase ${phase}`;
  const places = workers === 1 ? '1 worker' : `${workers} workers`;
  return `done in ${seconds(ms)}: ${code} on ${places}${canaryText(answer)}`;
}

/** Further lines: attempts that failed before, and options that were not applied. */
export function remarks(answer: object): string[] {
  const options = texts(answer, 'notApplied');
  return [
    ...texts(answer, 'failedAttempts').map((reason) => `an earlier attempt failed: ${reason}`),
    ...(options.length === 0
      ? []
      : [`${options.join(', ')} changed in the configuration: \`restart\` applies them`]),
  ];
}

function texts(answer: object, name: string): string[] {
  const list: unknown = Reflect.get(answer, name);
  return Array.isArray(list) ? list.filter((text) => typeof text === 'string') : [];
}

/** A canary without requests has only proven that its code starts. */
function canaryText(answer: object): string {
  const canary: unknown = Reflect.get(answer, 'canary');
  if (typeof canary !== 'object' || canary === null) return '';
  const { ms, requests } = read(canary, 'ms', 'requests');
  if (ms === null || requests === null) return '';
  const served = `served ${requests} ${requests === 1 ? 'request' : 'requests'}`;
  const healthy = `; the canary stayed healthy for ${seconds(ms)}`;
  return requests === 0 ? `${healthy}, but it ${served}` : `${healthy} and ${served}`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Numbers only: the server may be of another version. */
function read<Name extends string>(from: object, ...names: Name[]): Record<Name, number | null> {
  const entries = names.map((name) => {
    const value: unknown = Reflect.get(from, name);
    return [name, typeof value === 'number' ? value : null] as const;
  });
  return Object.fromEntries(entries) as Record<Name, number | null>;
}
