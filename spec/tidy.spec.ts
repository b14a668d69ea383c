// Goal: the shape of the tree stays what docs/contributing.md says. Method: read the sources as text.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../', import.meta.url));

const maxLines = 300;
const maxColumns = 100;

function files(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => pattern.test(name));
}

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const sources = [
  ...files('lib', /\.ts$/),
  ...files('bin', /\.ts$/),
  ...files('native', /\.(cc|h)$/),
];

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

/** Relative imports as paths from the root, packages by name. */
function imports(file: string): Import[] {
  const pattern = /(?:import|export)\s+(type\s)?[^;]*?from '([^']+)'|import\('([^']+)'\)/g;
  return [...read(file).matchAll(pattern)].map(([, type, name, dynamic]) => {
    const target = name ?? dynamic ?? '';
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

describe('the source tree', () => {
  it(`has no file of more than ${maxLines} lines`, () => {
    const long = sources.filter((file) => read(file).split('\n').length - 1 > maxLines);
    expect(long).to.deep.equal([]);
  });

  it(`has no line of more than ${maxColumns} columns`, () => {
    const wide = sources
      .filter((file) => file !== 'lib/metrics/page.ts')
      .flatMap((file) =>
        read(file)
          .split('\n')
          .flatMap((line, index) => (line.length > maxColumns ? [`${file}:${index + 1}`] : [])),
      );
    expect(wide).to.deep.equal([]);
  });

  it('opens each file with a sentence about it', () => {
    const mute = [...sources, ...files('spec/integration', /\.spec\.ts$/)].filter(
      (file) => !/^(#!.*\n)?\/[/*]/.test(read(file)),
    );
    expect(mute).to.deep.equal([]);
  });

  it('keeps the app out of the monitor: it reaches neither lib/life nor lib/engines', () => {
    const reached = [...reach('lib/monitor/run.ts')];
    expect(reached).to.include('lib/monitor/plan.ts');
    expect(reached.filter((file) => /^lib\/(life|engines|heap)\//.test(file))).to.deep.equal([]);
  });

  it('keeps the monitor out of its children', () => {
    const reached = [...reach('lib/life/main.ts')];
    expect(reached).to.include('lib/life/worker.ts');
    expect(reached.filter((file) => file.startsWith('lib/monitor/'))).to.deep.equal([]);
    expect(reached).to.not.include('prom-client');
  });

  it('decides without input or output', () => {
    const impure = ['lib/monitor/plan.ts', 'lib/monitor/fleet.ts'].flatMap((file) =>
      [...reach(file)].filter((target) => target.startsWith('node:') || target === 'lib/native.ts'),
    );
    expect(impure).to.deep.equal([]);
  });

  it('forks in mold.ts, kills in kill.ts, and mends globals in after-fork.ts only', () => {
    const using = (pattern: RegExp): string[] =>
      files('lib', /\.ts$/).filter((file) => pattern.test(read(file)));
    expect(using(/native\.fork/)).to.deep.equal(['lib/life/mold.ts']);
    expect(using(/process\.kill\(/).sort()).to.deep.equal([
      'lib/failpoint.ts',
      'lib/monitor/kill.ts',
    ]);
    expect(using(/defineProperty\(process/)).to.deep.equal(['lib/life/after-fork.ts']);
  });
});
