// Goal: a warning of the audit is shown once, and again when it has changed or come back; the rest
// stays in the log at level debug. Method: reports of molds, and a log that records.
import { expect } from 'chai';
import { newChild, type Child } from '../../../lib/monitor/fleet/child.js';
import { logReport } from '../../../lib/monitor/log/report-lines.js';
import type { Finding } from '../../../lib/protocol/finding.js';
import { recordedLog, type RecordedLog } from '../../support/recorded-log.js';

const finding = (changes: Partial<Finding> = {}): Finding => ({
  subject: 'bullmq',
  version: '5.1.0',
  severity: 'warn',
  found: 'keeps a child process (pid 7)',
  breaks: 'the lock is shared',
  remedy: 'elsewhere',
  evidence: null,
  ...changes,
});

const moldOf = (generation: number): Child =>
  newChild(
    generation + 1,
    { role: 'mold', state: 'booting', slot: null, generation, phase: 0, parent: null },
    { workers: 1, queues: 1 },
    0,
  );

let log: RecordedLog;

/** The levels of the lines of a new mold with these findings. */
function generation(number: number, ...findings: Finding[]): string[] {
  const before = log.lines.length;
  const mold = moldOf(number);
  if (findings.length > 0) logReport(log, mold, { type: 'audited', findings }, 0);
  logReport(log, mold, { type: 'frozen' }, 0);
  const lines = log.lines.slice(before).filter(({ text }) => text === 'fork safety');
  return lines.map(({ level }) => level);
}

describe('the findings of each generation in the log', () => {
  beforeEach(() => (log = recordedLog()));

  it('are warnings the first time only', () => {
    expect(generation(0, finding())).to.deep.equal(['warn']);
    expect(generation(1, finding())).to.deep.equal(['debug']);
    expect(generation(2, finding({ found: 'keeps a child process (pid 99)' }))).to.deep.equal([
      'debug',
    ]);
  });

  it('are warnings again when they have changed', () => {
    generation(0, finding());
    expect(generation(1, finding({ version: '5.2.0' }))).to.deep.equal(['warn']);
    expect(
      generation(2, finding({ version: '5.2.0' }), finding({ subject: 'mqtt' })),
    ).to.deep.equal(['debug', 'warn']);
    expect(generation(3, finding({ severity: 'info' }))).to.deep.equal(['debug']);
    expect(generation(4, finding())).to.deep.equal(['warn']);
  });

  it('are warnings again when they had gone', () => {
    generation(0, finding());
    expect(generation(1)).to.deep.equal([]);
    expect(generation(2, finding())).to.deep.equal(['warn']);
  });

  it('are those of one server: another log starts from nothing', () => {
    generation(0, finding());
    log = recordedLog();
    expect(generation(0, finding())).to.deep.equal(['warn']);
  });
});
