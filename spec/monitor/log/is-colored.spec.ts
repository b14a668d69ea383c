// Goal: NO_COLOR and FORCE_COLOR decide, then the terminal. Method: one row per combination.
import { expect } from 'chai';
import { isColored } from '../../../lib/monitor/log/is-colored.js';

describe('isColored', () => {
  const rows: [NodeJS.ProcessEnv, boolean, boolean][] = [
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ FORCE_COLOR: 'false' }, true, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
    [{ TERM: 'dumb' }, true, false],
  ];
  for (const [environment, onTerminal, expected] of rows)
    it(`is ${expected} for ${JSON.stringify(environment)} ${onTerminal ? 'on' : 'off'} a terminal`, () => {
      expect(isColored(environment, onTerminal)).to.equal(expected);
    });
});
