// Goal: a value is a promise exactly where `await` would wait for it. Method: promises of several
// kinds, and values that look like one.
import { expect } from 'chai';
import { isThenable } from '../../lib/base/is-thenable.js';

describe('isThenable', () => {
  const callable = Object.assign(() => undefined, { then: () => undefined });
  const promises: readonly [name: string, value: unknown][] = [
    ['a promise', Promise.resolve()],
    ['an object with a method `then`', { then: () => undefined }],
    ['a function with a method `then`', callable],
    ['an object that inherits `then`', Object.create({ then: () => undefined })],
  ];
  for (const [name, value] of promises)
    it(`holds for ${name}`, () => expect(isThenable(value)).to.equal(true));

  const others: readonly [name: string, value: unknown][] = [
    ['undefined', undefined],
    ['null', null],
    ['a string', 'then'],
    ['a number', 1],
    ['an object without `then`', {}],
    ['an object whose `then` is a number', { then: 1 }],
    ['a function', () => undefined],
  ];
  for (const [name, value] of others)
    it(`does not hold for ${name}`, () => expect(isThenable(value)).to.equal(false));
});
