// Goal: a stream is split into lines with bounded memory, however it is cut into pieces. Method:
// bytes in pieces of all sizes; lines beyond their limits.
import { expect } from 'chai';
import { Breach, Lines, type LineLimit } from '../../lib/protocol/lines.js';

const limits: Record<string, LineLimit> = {
  s: { bytes: 20, beyond: 'skip' },
  b: { bytes: 10, beyond: 'breach' },
};
const make = (skipping = false): Lines =>
  new Lines(
    {
      startBytes: 2,
      limitOf: (start) => limits[start.toString()[0] ?? ''] ?? { bytes: 5, beyond: 'breach' },
    },
    skipping,
  );

function pieces(text: string, size: number): Buffer[] {
  const bytes = Buffer.from(text);
  const starts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => at * size);
  return starts.map((start) => bytes.subarray(start, start + size));
}

const linesOf = (lines: Lines, text: string, size: number): string[] =>
  pieces(text, size).flatMap((piece) => [...lines.push(piece)]);

describe('lines', () => {
  it('are the same, however their bytes arrive', () => {
    const text = 'b1\n\nbäöü\ns234567890123456789\nb';
    for (let size = 1; size <= text.length; size++) {
      const lines = make();
      expect(linesOf(lines, text, size)).to.deep.equal(['b1', '', 'bäöü', 's234567890123456789']);
      expect(lines.rest.toString()).to.equal('b');
    }
  });

  it('beyond their limit are skipped to their end, and counted', () => {
    for (let size = 1; size <= 60; size++) {
      const lines = make();
      expect(linesOf(lines, `b1\n${'s'.repeat(50)}\nb2\n`, size)).to.deep.equal(['b1', 'b2']);
      expect([lines.takeSkipped(), lines.takeSkipped()]).to.deep.equal([1, 0]);
    }
  });

  it('beyond their limit are a breach, as soon as they are', () => {
    for (let size = 1; size <= 11; size++)
      expect(() => linesOf(make(), 'b2345678901', size)).to.throw(Breach, 'more than 10 bytes');
    expect(() => linesOf(make(), 'x23456', 1)).to.throw(Breach, 'more than 5 bytes');
  });

  it('keep nothing of what they skip, and continue to skip when handed over', () => {
    const lines = make();
    expect(linesOf(lines, 's'.repeat(1_000), 7)).to.deep.equal([]);
    expect(lines.rest).to.have.length(0);
    expect(lines.skipping).to.equal(true);
    expect(linesOf(make(true), 'ssss\nb1\n', 3)).to.deep.equal(['b1']);
  });
});
