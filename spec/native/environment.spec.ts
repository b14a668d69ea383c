// Goal: a variable that a program was started with can be made invisible to other processes, and
// only that one. Method: a program that erases it and shows its environment as /proc has it.
import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { nativeFile } from '../../lib/system/native.js';

const script = `
const native = require(process.argv[1]);
native.eraseVariable('SECRET');
native.eraseVariable('MISSING');
process.stdout.write(require('fs').readFileSync('/proc/self/environ'));
process.stdout.write('process.env: ' + process.env.SECRET_TOO);
`;

describe('the environment of a program', () => {
  it('loses the value of a variable', () => {
    const env = { BEFORE: '1', SECRET: 'sesame', EMPTY: '', SECRET_TOO: 'stays', NOT_SECRET: 'x' };
    const shown = execFileSync(process.execPath, ['-e', script, nativeFile], {
      env,
      encoding: 'utf8',
    });
    expect(shown).to.not.include('sesame');
    for (const text of ['BEFORE=1', 'SECRET=', 'EMPTY=', 'SECRET_TOO=stays', 'NOT_SECRET=x'])
      expect(shown.split('\0')).to.include(text);
    expect(shown).to.match(/process\.env: stays$/);
  });
});
