// Goal: a range includes the versions that a reader expects, and text that is no range is rejected.
import { expect } from 'chai';
import { inRange, isBefore, readRange } from '../../lib/base/version-range.js';

const rows: [range: string, inside: string[], outside: string[]][] = [
  ['*', ['0.0.1', '99.1.2-beta.1'], []],
  ['2', ['2.0.0', '2.9.9'], ['1.9.9', '3.0.0', '20.0.0']],
  ['2.x', ['2.0.0'], ['3.0.0']],
  ['2.1.x', ['2.1.5'], ['2.2.0']],
  ['2.1.3', ['2.1.3'], ['2.1.4']],
  ['>=2.1 <4', ['2.1.0', '3.9.9'], ['2.0.9', '4.0.0']],
  ['<=2', ['2.9.9', '1.0.0'], ['3.0.0']],
  ['>2', ['3.0.0'], ['2.9.9']],
  ['<7 || >=9.1', ['6.9.9', '9.1.0'], ['7.0.0', '9.0.9']],
  ['<8', ['8.0.0-rc.1'].slice(1), ['8.0.0-rc.1']],
];

describe('a range of versions', () => {
  for (const [range, inside, outside] of rows)
    it(`reads ${range}`, () => {
      expect(readRange(range)).to.equal(range);
      for (const version of inside) expect(inRange(version, range), version).to.equal(true);
      for (const version of outside) expect(inRange(version, range), version).to.equal(false);
    });

  it('rejects what it does not know', () => {
    for (const text of ['', '^2', '~1.2', 'latest', '1.2.3.4', '>= 2', '1 - 2'])
      expect(() => readRange(text), text).to.throw(/expected a range such as/);
  });

  it('orders versions by their numbers', () => {
    expect(isBefore('22.9.0', '22.15.0')).to.equal(true);
    expect(isBefore('22.15.0', '22.15.0')).to.equal(false);
    expect(isBefore('100.0.0', '22.15.0')).to.equal(false);
  });
});
