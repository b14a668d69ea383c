// Goal: a flood of lines becomes a few lines and a number, and nothing is uncounted. Method: floods
// of two kinds, at short intervals.
import { expect } from 'chai';
import { LimitedLog } from '../../../lib/monitor/log/limited.js';
import { recordedLog } from '../../support/recorded-log.js';
import { until } from '../../support/until.js';

const intervalMs = 50;

describe('LimitedLog', () => {
  it('writes the first lines of each kind, then their number', async () => {
    const log = recordedLog();
    const limited = new LimitedLog(log, intervalMs);
    for (let from = 1; from <= 814; from++) limited.warn({ from }, 'refused');
    limited.warn({}, 'crowded');
    expect(log.texts()).to.deep.equal([...Array<string>(5).fill('refused'), 'crowded']);
    await until('the number', () => log.lines.length > 6);
    expect(log.lines.slice(6)).to.deep.equal([
      { level: 'warn', text: 'refused', fields: { from: 814, suppressed: 809 } },
    ]);
  });

  it('writes nothing but numbers while the flood lasts', async () => {
    const log = recordedLog();
    const limited = new LimitedLog(log, intervalMs);
    for (let interval = 1; interval <= 3; interval++) {
      for (let line = 0; line < 100; line++) limited.warn({}, 'refused');
      await until('a number', () => log.lines.length === 5 + interval);
    }
    const numbers = log.lines.flatMap(({ fields }) => Object.values(fields) as unknown[]);
    expect(numbers).to.deep.equal([95, 100, 100]);
  });

  it('writes single lines again after a calm interval', async () => {
    const log = recordedLog();
    const limited = new LimitedLog(log, intervalMs);
    for (let line = 0; line < 6; line++) limited.warn({}, 'refused');
    await until('single lines', () => {
      limited.warn({ again: true }, 'refused');
      return log.lines.some(({ fields }) => Object.keys(fields).join() === 'again');
    });
  });

  it('leaves out no number at the end', () => {
    const log = recordedLog();
    const limited = new LimitedLog(log, intervalMs);
    for (let line = 0; line < 7; line++) limited.warn({}, 'refused');
    limited.flush();
    expect(log.lines.at(-1)?.fields).to.deep.equal({ suppressed: 2 });
  });
});
