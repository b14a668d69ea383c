// Goal: no character that a terminal obeys, and none that reorders text, passes. Method: every
// character of the basic plane, and the ones that people write.
import { expect } from 'chai';
import { printable, printableLine } from '../../lib/base/printable.js';

const all = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
/** Controls, line separators, and the bidi controls; not the joiners that emoji and Persian need. */
const dangerous = /^[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]$/u;

describe('printable', () => {
  it('escapes every control and bidi character, and no other', () => {
    const kept = all.filter((character) => printable(character) === character);
    const harmless = all.filter((one) => !dangerous.test(one) || '\t\n'.includes(one));
    expect(kept.join('') === harmless.join('')).to.equal(true);
  });

  it('keeps what people write', () => {
    for (const text of ['naïve “Ω” 日本語 שלום', 'a 👩‍👩‍👧 b', 'C:\\u001b', '\ud800'])
      expect(printableLine(text)).to.equal(text);
  });

  it('keeps lines, unless there must be one', () => {
    expect(printable('a\n\tb')).to.equal('a\n\tb');
    expect(printableLine('a\n\tb')).to.equal('a\\n b');
  });

  it('changes nothing about what JSON means', () => {
    const value = { ['key\x9b']: ['\x1b]0;title\x07', '\u202eevil', '\x7f', 'a\nb', '\\u009b'] };
    const text = JSON.stringify(value);
    expect(JSON.parse(printable(text))).to.deep.equal(value);

    expect(printable(text)).to.match(/^[\x20-\x7e]+$/);
  });
});
