// Goal: what is not a report is named by the rule that it breaks; what is one is bounded. Method:
// lines of JSON.
import { expect } from 'chai';
import { Breach } from '../../lib/protocol/lines.js';
import { parseReport } from '../../lib/protocol/reports.js';

const figures = {
  ...{ requests: 1, inFlight: 0, eventLoopLagSeconds: 0 },
  latency: { counts: [1], sumSeconds: 0.1 },
};
const parse = (message: unknown): object => parseReport(JSON.stringify(message));

const breaches: readonly (readonly [line: string, rule: string])[] = [
  ['hello', 'a line that is not JSON'],
  ['', 'a line that is not JSON'],
  ['null', 'a message: expected object, received null'],
  ['[]', 'a message: expected object, received array'],
  ['{"type":"frobnicate"}', 'type: '],
  ['{"type":"heartbeat"}', 'heartbeat.figures: expected object, received undefined'],
  [
    JSON.stringify({ type: 'heartbeat', figures: { ...figures, requests: 'x' }, urgent: null }),
    'heartbeat.figures.requests: expected number, received string',
  ],
  [
    JSON.stringify({ type: 'heartbeat', figures: { ...figures, requests: -1 }, urgent: null }),
    'heartbeat.figures.requests: Too small',
  ],
  ['{"type":"overran"}', 'overran.request: expected object'],
  ['{"type":"refused","leaves":false}', 'refused.findings: expected array'],
  ['{"type":"note","level":"nope","text":"x","stack":null}', 'note.level: expected one of'],
  ['{"type":"forked","id":0,"durationMs":1}', 'forked.id: '],
  ['{"type":"forked","id":1.5,"durationMs":1}', 'forked.id: '],
  ['{"type":"forked","id":1,"durationMs":1e999}', 'forked.durationMs: '],
];

describe('a report', () => {
  for (const [line, rule] of breaches)
    it(`is refused: ${line.slice(0, 60) || 'an empty line'}`, () => {
      expect(() => parseReport(line)).to.throw(Breach, rule);
    });

  it('keeps its fields, and no others', () => {
    const heartbeat = { type: 'heartbeat', figures, urgent: null };
    expect(parse({ ...heartbeat, pid: 1 })).to.deep.equal(heartbeat);
    expect(parse({ type: 'born', pid: 1 })).to.deep.equal({ type: 'born' });
  });

  it('has its texts truncated, and its lists limited', () => {
    const text = 'x'.repeat(100_000);
    const note = parse({ type: 'note', level: 'info', text, reason: text, stack: text });
    expect(JSON.stringify(note).length).to.be.below(25_000);
    const connections = Array.from({ length: 1_001 }, () => 'x');
    expect(() => parse({ type: 'cut', count: 1, connections })).to.throw(Breach);
  });

  it('is refused in a short line, whatever its own text', () => {
    const key = '\u001b'.repeat(10_000);
    for (const message of [
      { type: key },
      { type: 'traced', resources: { [key]: 1 }, requests: [] },
    ])
      expect(() => parse(message))
        .to.throw(Breach)
        .with.property('message')
        .that.has.length.below(2_001);
  });
});
