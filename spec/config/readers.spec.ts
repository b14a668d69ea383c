// Goal: each value of a configuration is read as documented, and each mistake is described exactly.
import { availableParallelism } from 'node:os';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  readBytes,
  readDuration,
  readDurationFrom,
  readReforkAfter,
  readSocketPath,
  readText,
  readWord,
  readWorkers,
  show,
} from '../../lib/config/readers.js';

describe('readBytes', () => {
  const valid: [unknown, number][] = [
    [1, 1],
    ['512MB', 512_000_000],
    ['1 GiB', 2 ** 30],
    ['1.5kB', 1500],
    ['64 MiB', 64 * 2 ** 20],
  ];
  for (const [written, bytes] of valid)
    it(`reads ${show(written)} as ${bytes} bytes`, () => {
      expect(readBytes(written)).to.equal(bytes);
    });

  for (const written of [
    0,
    -1,
    1.5,
    NaN,
    Infinity,
    '512',
    '512M',
    '1 mb',
    '0MB',
    '',
    null,
    true,
    {},
  ])
    it(`refuses ${show(written)}`, () => {
      expect(() => readBytes(written)).to.throw(
        `expected a number of bytes such as 536870912, "512MB" or "1GiB", got ${show(written)}`,
      );
    });
});

describe('readDuration', () => {
  const valid: [unknown, number][] = [
    [0, 0],
    [500, 500],
    [1.4, 1],
    ['500', 500],
    ['500ms', 500],
    ['20s', 20_000],
    ['1.5s', 1500],
    ['1m', 60_000],
    [' 2 h ', 7_200_000],
    ['1d', 86_400_000],
  ];
  for (const [written, ms] of valid)
    it(`reads ${show(written)} as ${ms} ms`, () => {
      expect(readDuration(written)).to.equal(ms);
    });

  const invalid = ['soon', '', '20 seconds', '-1s', '1d 2h', '.5s', '0x10', NaN, Infinity, -1];
  for (const written of [...invalid, null, true, {}, [], '1constructor', 10n])
    it(`refuses ${show(written)}`, () => {
      expect(() => readDuration(written)).to.throw(
        `expected a duration such as 500 or "20s", got ${show(written)}`,
      );
    });

  it('refuses durations longer than a timer can wait', () => {
    expect(readDuration(2 ** 31 - 1)).to.equal(2 ** 31 - 1);
    for (const written of [2 ** 31, '25d', 1e300, '9'.repeat(400)])
      expect(() => readDuration(written)).to.throw('at most 24 days');
  });

  it('returns a delay that a timer takes, or throws, for any input', () => {
    fc.assert(
      fc.property(fc.anything(), (written) => {
        let ms: number;
        try {
          ms = readDuration(written);
        } catch (error) {
          return error instanceof Error && error.message.startsWith('expected a duration');
        }
        return Number.isInteger(ms) && ms >= 0 && ms < 2 ** 31;
      }),
    );
  });
});

describe('readDurationFrom', () => {
  it('refuses a wait without a length', () => {
    expect(readDurationFrom(1)('1ms')).to.equal(1);
    expect(() => readDurationFrom(1)('0s')).to.throw('expected a duration above zero, got "0s"');
  });
});

describe('readWorkers', () => {
  it('reads a count, or takes the number of cores', () => {
    expect(readWorkers(3)).to.equal(3);
    expect(readWorkers('auto')).to.equal(availableParallelism());
  });

  it('takes 0 for single mode', () => {
    expect(readWorkers(0)).to.equal(0);
  });

  for (const written of [-1, 1.5, NaN, Infinity, 1e9, '4', null])
    it(`refuses ${show(written)}`, () => {
      expect(() => readWorkers(written)).to.throw('expected an integer from 0 to 1024 or "auto"');
    });
});

describe('readReforkAfter', () => {
  const valid: [unknown, unknown][] = [
    [100, [100]],
    [false, []],
    [[false], []],
    [[], []],
    [
      [50, 100],
      [50, 100],
    ],
    [
      [50, false],
      [50, false],
    ],
  ];
  for (const [written, thresholds] of valid)
    it(`reads ${JSON.stringify(written)} as ${JSON.stringify(thresholds)}`, () => {
      expect(readReforkAfter(written)).to.deep.equal(thresholds);
    });

  it('refuses false anywhere but at the end', () => {
    expect(() => readReforkAfter([1, false, 2])).to.throw('false only at the end');
  });

  for (const written of [0, -1, 1.5, NaN, 2 ** 60, '50', true, null, {}])
    it(`refuses ${show(written)}`, () => {
      expect(() => readReforkAfter([written])).to.throw(
        `expected positive integers, and false at the end to stop, got ${show(written)}`,
      );
    });
});

describe('readWord', () => {
  it('lists the accepted words', () => {
    expect(readWord(['node', 'uws'])('uws')).to.equal('uws');
    expect(() => readWord(['node', 'uws'])('bun')).to.throw('expected "node" or "uws", got "bun"');
  });
});

describe('readText', () => {
  for (const written of ['', '  ', 5, null, 'a\0b'])
    it(`refuses ${show(written)}`, () => {
      expect(() => readText('a path')(written)).to.throw('expected a path, got');
    });
});

describe('readSocketPath', () => {
  it('makes the path absolute', () => {
    expect(readSocketPath('run/a.sock', '/srv')).to.equal('/srv/run/a.sock');
    expect(readSocketPath('/run/a.sock', '/srv')).to.equal('/run/a.sock');
  });

  it('refuses paths that the kernel could not bind, counted in bytes', () => {
    expect(readSocketPath('x'.repeat(106), '/')).to.have.lengthOf(107);
    expect(() => readSocketPath('x'.repeat(107), '/')).to.throw('can have 107 bytes');
    expect(() => readSocketPath('ü'.repeat(54), '/')).to.throw('has 109');
  });
});

describe('show', () => {
  it('shows anything in one short line', () => {
    expect([undefined, null, true, 'a\nb', () => 1, [1], {}, Symbol('s')].map(show)).to.deep.equal([
      'undefined',
      'null',
      'true',
      '"a\\nb"',
      'a function',
      'a list',
      'an object',
      'a symbol',
    ]);
    expect(show('x'.repeat(500))).to.have.lengthOf.below(100);
  });
});
