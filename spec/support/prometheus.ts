// Reads Prometheus' text format strictly: as in Prometheus, any line but a HELP, a TYPE or a sample
// is an error.

/** Values by series, written as in the text: `name{label="value"}`. */
export type Samples = ReadonlyMap<string, number>;

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const sample = new RegExp(`^((${name})(?:\\{(?:${label},?)*\\})?) ([0-9.e+-]+|[+-]Inf|NaN)$`);
const types = /^(counter|gauge|histogram|summary|untyped)$/;

export function parsePrometheus(text: string): Samples {
  const samples = new Map<string, number>();
  const declared = new Map<string, Set<string>>([
    ['HELP', new Set()],
    ['TYPE', new Set()],
  ]);
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = new RegExp(`^# (HELP|TYPE) (${name}) (.*)$`).exec(line);
    if (comment) declare(declared, comment, line);
    else addSample(samples, declared, line);
  }
  return samples;
}

function declare(declared: Map<string, Set<string>>, match: RegExpExecArray, line: string): void {
  const [, what = '', metric = '', rest = ''] = match;
  const names = declared.get(what);
  if (names?.has(metric)) throw new Error(`a second time: ${line}`);
  if (what === 'TYPE' && !types.test(rest)) throw new Error(`no type: ${line}`);
  names?.add(metric);
}

function addSample(
  samples: Map<string, number>,
  declared: ReadonlyMap<string, ReadonlySet<string>>,
  line: string,
): void {
  const [, series, metric = '', value = ''] = sample.exec(line) ?? [];
  if (series === undefined) throw new Error(`no sample: ${line}`);
  if (samples.has(series)) throw new Error(`a second time: ${line}`);
  const family = metric.replace(/_(bucket|sum|count)$/, '');
  for (const [what, names] of declared)
    if (!names.has(metric) && !names.has(family)) throw new Error(`without ${what}: ${line}`);
  samples.set(series, Number(value.replace('Inf', 'Infinity')));
}
