// Goal: the shape of the tree stays what docs/contributing.md says. Method: read the sources as text.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { circles } from './support/circles.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

const maxLines = 300;
const maxColumns = 100;
const maxFilesInARoom = 12;

function files(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => pattern.test(name) && !name.includes('node_modules'));
}

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const library = files('lib', /\.ts$/);
const sources = [...library, ...files('bin', /\.ts$/), ...files('native', /\.(cc|h)$/)];

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

/** Relative imports as paths from the root, packages by name. */
function imports(file: string): Import[] {
  const pattern = /(?:import|export)\s+(type\s)?[^;]*?from '([^']+)'|import\(?\s*'([^']+)'/g;
  return [...read(file).matchAll(pattern)].map(([, type, name, other]) => {
    const target = name ?? other ?? '';
    const path = target.startsWith('.')
      ? relative(root, join(root, dirname(file), target))
      : target;
    return { target: path.replace(/\.js$/, '.ts'), typeOnly: type !== undefined };
  });
}

/** Everything that a file leads to at run time, itself included. */
function reach(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!sources.includes(file)) return seen;
  for (const { target, typeOnly } of imports(file)) if (!typeOnly) reach(target, seen);
  return seen;
}

const wideLines = (list: readonly string[], columns: number): string[] =>
  list.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (line.length > columns ? [`${file}:${index + 1}`] : [])),
  );

describe('the source tree', () => {
  it(`has no file of more than ${maxLines} lines`, () => {
    const long = sources.filter((file) => read(file).split('\n').length - 1 > maxLines);
    expect(long).to.deep.equal([]);
  });

  it(`has no line of more than ${maxColumns} columns`, () => {
    const code = sources.filter((file) => file !== 'lib/metrics/page.ts');
    expect(wideLines(code, maxColumns)).to.deep.equal([]);
  });

  it('opens each file with a sentence about it', () => {
    const mute = [...sources, ...files('spec/integration', /\.spec\.ts$/)].filter(
      (file) => !/^(#!.*\n)?\/[/*]/.test(read(file)),
    );
    expect(mute).to.deep.equal([]);
  });

  it('begins no comment with "What" or "Who"', () => {
    const begins = /^\s*(\/\/|\/\*\*) (What|Who(ever)?|Those who|That which)\b/;
    const found = sources.flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, index, lines) =>
          begins.test(line) && !/^\s*\/\/ /.test(lines[index - 1] ?? '')
            ? [`${file}:${index + 1}`]
            : [],
        ),
    );
    expect(found).to.deep.equal([]);
  });

  it('writes to terminals and titles through `printable` only', () => {
    const writes = /(?:process\.std(?:out|err)\.write\(|process\.title = |console\.\w+\()[^;]*;/g;
    // It imports nothing, and prints words of its own only.
    const first = 'bin/node-version.ts';
    const found = sources
      .filter((file) => file !== first)
      .flatMap((file) =>
        [...read(file).matchAll(writes)]
          .map(([statement]) => statement)
          .filter((statement) => !/printable(Line)?\(|\(eraseLine\)/.test(statement))
          .map((statement) => `${file}: ${statement}`),
      );
    expect(found).to.deep.equal([]);
  });

  it(`has at most ${maxFilesInARoom} files in a room`, () => {
    const rooms = new Map<string, number>();
    for (const room of library.map((file) => dirname(file)))
      rooms.set(room, (rooms.get(room) ?? 0) + 1);
    expect([...rooms].filter(([, count]) => count > maxFilesInARoom)).to.deep.equal([]);
  });

  it('has no circle of files, types included', () => {
    const graph = new Map(
      library.map((file) => [file, imports(file).map(({ target }) => target)] as const),
    );
    expect(circles(graph)).to.deep.equal([]);
  });

  it('has no circle of rooms, types included', () => {
    const graph = new Map<string, string[]>();
    for (const file of library)
      for (const { target } of imports(file))
        if (target.startsWith('lib/') && dirname(target) !== dirname(file))
          graph.set(dirname(file), [...(graph.get(dirname(file)) ?? []), dirname(target)]);
    expect(circles(graph)).to.deep.equal([]);
  });

  it('has a spec in the room of what it is about', () => {
    const elsewhere = ['benchmarks', 'integration', 'native', 'support', 'fixtures'];
    const rooms = new Set(library.map((file) => dirname(relative('lib', file))));
    const stray = files('spec', /\.spec\.ts$/)
      .map((file) => dirname(relative('spec', file)))
      .filter((room) => room !== '.' && !elsewhere.includes(room.split('/')[0] ?? ''));
    expect(stray.filter((room) => !rooms.has(room))).to.deep.equal([]);
  });

  it('keeps the app out of the monitor: the command reaches neither its loader nor its life', () => {
    const reached = [...reach('bin/pitchfork-ts.ts')];
    expect(reached).to.include('lib/monitor/plan/plan.ts');
    expect(reached).to.include('lib/check/check.ts');
    const others = /^lib\/(life|engines|heap)\/|^lib\/fork-safety\/(audit|heap|renew|trials)\//;
    expect(reached.filter((file) => others.test(file))).to.deep.equal([]);
  });

  it('keeps the monitor out of its children', () => {
    const reached = [...reach('lib/life/main.ts')];
    expect(reached).to.include('lib/life/worker/worker.ts');
    expect(reached.filter((file) => /^lib\/(monitor|cli|check)\//.test(file))).to.deep.equal([]);
    expect(reached, 'the schema of reports').to.not.include('lib/protocol/reports.ts');
    expect(reached).to.not.include('prom-client');
  });

  it('gives users an interface that depends on nothing', () => {
    const reached = [...reach('lib/index.ts')];
    expect(reached.filter((file) => !/^lib\/(api|base)\//.test(file))).to.deep.equal([
      'lib/index.ts',
    ]);
  });

  it('knows and decides without input or output', () => {
    const pure = library.filter((file) => /^lib\/monitor\/(fleet|plan)\//.test(file));
    const impure = pure.flatMap((file) =>
      [...reach(file)].filter((target) => /^node:|^lib\/system\//.test(target)),
    );
    expect(impure).to.deep.equal([]);
  });

  it('forks in fork.ts, kills in kill.ts, and mends process.pid in process-id.ts only', () => {
    const using = (pattern: RegExp): string[] => library.filter((file) => pattern.test(read(file)));
    expect(using(/native\.fork/)).to.deep.equal(['lib/life/mold/fork.ts']);
    expect(using(/process\.kill\(/)).to.deep.equal(['lib/life/process/failpoint.ts']);
    expect(using(/native\.signalChild/)).to.deep.equal(['lib/system/own-children.ts']);
    expect(using(/\bsignalChild\(/).sort()).to.deep.equal([
      'lib/monitor/children/kill.ts',
      'lib/system/native.ts',
      'lib/system/own-children.ts',
    ]);
    expect(using(/\bas Pid\b/), 'a Pid without the kernel').to.deep.equal([]);
    expect(using(/defineProperty\(process/)).to.deep.equal(['lib/fork-safety/renew/process-id.ts']);
  });
});

describe('the documents', () => {
  it(`have no line of more than ${maxColumns} columns, but for tables and links`, () => {
    const prose = ['README.md', 'CHANGELOG.md', ...files('docs', /\.md$/), 'benchmarks/README.md'];
    const wide = wideLines(prose, maxColumns).filter((place) => {
      const [file = '', line = ''] = place.split(':');
      return !/^\||^\S*https?:\/\//.test(read(file).split('\n')[Number(line) - 1] ?? '');
    });
    expect(wide).to.deep.equal([]);
  });
});
