// Goal: a slip of the keyboard is recognised, another word is not.
import { expect } from 'chai';
import { didYouMean, suggest } from '../../lib/base/suggestion.js';

const known = ['app', 'workers', 'listen', 'spawnTimeout', 'log'];

describe('suggest', () => {
  const cases: [string, string | undefined][] = [
    ['worker', 'workers'],
    ['wrokers', 'workers'],
    ['Listen', 'listen'],
    ['spawn_timeout', 'spawnTimeout'],
    ['spawntimeout', 'spawnTimeout'],
    ['logs', 'log'],
    ['database', undefined],
    ['x', undefined],
    ['', undefined],
  ];
  for (const [name, suggestion] of cases)
    it(`answers ${suggestion ?? 'nothing'} to "${name}"`, () => {
      expect(suggest(name, known)).to.equal(suggestion);
    });
});

describe('didYouMean', () => {
  it('is ready to be appended', () => {
    expect(didYouMean('worker', known)).to.equal(' (did you mean "workers"?)');
    expect(didYouMean('database', known)).to.equal('');
  });
});
