// Goal: the exit codes and signals that Node ends with are explained as what they are. Method: Node
// itself, of every supported version, is made to end in each way.
import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { describeEnd, explainEnd } from '../../lib/base/exit-codes.js';
import { supportedNodes } from '../support/nodes.js';

const neverSettles = ['--input-type=module', '-e', 'await new Promise(() => {})'];
const throwsTwice = 'process.on("uncaughtException", () => { throw 2; }); throw 1;';
const ends: [what: string, args: string[], text: RegExp][] = [
  ['a top-level await that never settles', neverSettles, /^exit code 13: a top-level await/],
  [
    'a handler that throws',
    ['-e', throwsTwice],
    /^exit code 7: .*handler .* threw, or the app called/,
  ],
  ['an unknown option', ['--no-such-option'], /^exit code 9: .*nodeOptions/],
  ['an uncaught error', ['-e', 'throw new Error()'], /^exit code 1: an uncaught error/],
  ['an abort', ['-e', 'process.abort()'], /^SIGABRT: aborted.*--max-old-space-size/],
];

describe('the end of a process', () => {
  for (const { version, execPath } of supportedNodes())
    it(`is explained as Node ${version} means it`, () => {
      for (const [what, args, text] of ends) {
        const { status: code, signal } = spawnSync(execPath, args);
        expect(describeEnd({ code, signal }), what).to.match(text);
      }
    });

  it('is explained alike as a signal and as the code that a shell makes of it', () => {
    expect(explainEnd({ code: 139, signal: null })).to.equal(
      explainEnd({ code: null, signal: 'SIGSEGV' }),
    );
  });

  it('has no explanation where there is none', () => {
    expect(describeEnd({ code: 99, signal: null })).to.equal('exit code 99');
    expect(describeEnd({ code: null, signal: 'SIGKILL' })).to.equal('SIGKILL');
    expect(explainEnd({ code: 0, signal: null })).to.equal(null);
  });
});
