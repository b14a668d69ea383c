// Goal: the reason of a failure is one line that begins with its place in the user's files, and its
// stack holds the app's frames only. Method: real modules that fail to load or throw, in every format.
import { expect } from 'chai';
import { UserError } from '../../../lib/base/user-error.js';
import { loadModule } from '../../../lib/config/load-module.js';
import { settlesWithin } from '../../../lib/base/settles-within.js';
import { describeFailure, type Failure } from '../../../lib/life/process/failure.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch();

/** With paths relative to the directory of the files, and without the frames of mocha and this spec. */
async function failureOf(name: string, text: string): Promise<Failure> {
  const thrown: unknown = await loadModule(directory.write(name, text)).then(
    () => undefined,
    (error: unknown) => error,
  );
  const { reason, stack } = describeFailure(thrown);
  const short = (path: string): string => path.replaceAll(`${directory.path}/`, '');
  const apps = stack?.split('\n').filter((frame) => frame.includes(directory.path)) ?? [];
  return { reason: short(reason), stack: apps.length === 0 ? null : short(apps.join('\n')) };
}

describe('the failure of a module that', () => {
  it('throws in TypeScript names the function and the line', async () => {
    const text = `interface Unused { a: 1 }\n\nfunction load() {\n  throw new TypeError('no');\n}\nload();`;
    const { reason, stack } = await failureOf('app.ts', text);
    expect(reason).to.match(/^app\.ts:4:\d+: TypeError: no$/);
    expect(stack).to.match(/^at load \(app\.ts:4:\d+\)\nat app\.ts:6:\d+$/);
  });

  it('throws in JavaScript names the function and the line', async () => {
    const { reason, stack } = await failureOf('app.mjs', `\nthrow new RangeError('far');`);
    expect(reason).to.equal('app.mjs:2:7: RangeError: far');
    expect(stack).to.equal('at app.mjs:2:7');
  });

  it('is called by Node names the line of the app', async () => {
    const text = `import { readFileSync } from 'node:fs';\nreadFileSync('/nowhere');`;
    const { reason, stack } = await failureOf('app.mjs', text);
    expect(reason).to.match(/^app\.mjs:2:\d+: Error: ENOENT: no such file.*'\/nowhere'$/);
    expect(stack).to.match(/^at app\.mjs:2:\d+$/);
  });

  it('calls a package that throws names the line of the app, and keeps the frame above', async () => {
    const dependency = 'node_modules/dependency/index.mjs';
    directory.write(dependency, `export default () => {\n  throw new Error('unusable');\n};`);
    const text = `import unusable from './${dependency}';\n\nunusable();`;
    const { reason, stack } = await failureOf('app.mjs', text);
    expect(reason).to.equal('app.mjs:3:1: Error: unusable');
    expect(stack?.split('\n')[0]).to.match(new RegExp(`${dependency}:2:9`));
  });

  it('is no TypeScript names the place in the module that the parser names', async () => {
    const { reason, stack } = await failureOf('app.ts', `\nexport default ( => 3;`);
    expect(reason).to.match(/^app\.ts:2:\d+: ParseError: Unexpected token$/);
    expect(stack).to.equal(null);
  });

  it('is no CommonJS names the line that V8 names', async () => {
    const { reason, stack } = await failureOf('app.cjs', `\nmodule.exports = ( => 3;`);
    expect(reason).to.match(/^app\.cjs:2: SyntaxError: Unexpected token '=>'$/);
    expect(stack).to.equal(null);
  });

  it('imports a name that is not exported names the line of the import', async () => {
    const { reason } = await failureOf('app.mjs', `\nimport { nothing } from 'node:fs';`);
    expect(reason).to.match(/^app\.mjs:2: SyntaxError: .* 'node:fs' does not provide an export/);
  });

  it('lacks a module says so without the list of requirers', async () => {
    const { reason } = await failureOf('app.ts', `import './nowhere.js';`);
    expect(reason).to.match(/^app\.ts:1:\d+: Error: Cannot find module '\.\/nowhere\.js'$/);
  });
});

describe('the failure that is', () => {
  it('an error of the user is printed as it is', () => {
    const failure = describeFailure(new UserError('app.mjs: has no default export'));
    expect(failure).to.deep.equal({ reason: 'app.mjs: has no default export', stack: null });
  });

  it('an error of ours has neither a place nor frames', async () => {
    const error: unknown = await settlesWithin(Promise.resolve(), 1).then(() => {
      const made = new Error('EAGAIN: fork');
      made.stack = `Error: EAGAIN: fork\n    at fork (node:internal/fork:1:2)`;
      return made;
    });
    expect(describeFailure(error)).to.deep.equal({ reason: 'Error: EAGAIN: fork', stack: null });
  });

  it('no Error is shown as a value, in one line', () => {
    expect(describeFailure('no').reason).to.equal(`threw 'no'`);
    expect(describeFailure({ a: ['x\ny'] }).reason).to.match(/^threw \{ a: .*\}$/);
    expect(describeFailure(Object.create(null)).reason).to.match(/^threw \[Object: null/);
  });

  const reasonOf = (error: Error): string => {
    error.stack = '';
    return describeFailure(error).reason;
  };

  it('of several lines becomes one line', () => {
    expect(reasonOf(new Error('one\n\n  two\nthree'))).to.equal('Error: one two three');
  });

  it('caused by another names the cause', () => {
    const cause = new Error('connect ECONNREFUSED 127.0.0.1:5432');
    expect(reasonOf(new TypeError('fetch failed', { cause }))).to.equal(
      'TypeError: fetch failed (cause: Error: connect ECONNREFUSED 127.0.0.1:5432)',
    );
  });

  it('an aggregate without a message names its errors', () => {
    const errors = [new Error('connect ECONNREFUSED ::1:1'), new Error('connect ETIMEDOUT')];
    expect(reasonOf(new AggregateError(errors))).to.equal(
      'AggregateError: (cause: Error: connect ECONNREFUSED ::1:1; Error: connect ETIMEDOUT)',
    );
  });

  it('too long to read is truncated', () => {
    expect(reasonOf(new Error('x'.repeat(5_000)))).to.have.lengthOf(1_000);
  });
});
