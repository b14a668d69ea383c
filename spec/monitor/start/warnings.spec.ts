// Goal: an option that an engine cannot honour is logged at the start, not ignored in silence. Method:
// real settings and a log that records.
import { expect } from 'chai';
import { logWarnings } from '../../../lib/monitor/start/warnings.js';
import { recordedLog } from '../../support/recorded-log.js';
import { scratch } from '../../support/scratch.js';
import { settingsOf } from '../../support/settings-of.js';

describe('the warnings at the start', () => {
  const directory = scratch();

  const cases: readonly [properties: string, level: string | undefined][] = [
    [`engine: 'uws', keepAliveTimeout: '30s'`, 'warn'],
    [`engine: 'uws'`, 'info'],
    [`engine: 'node', keepAliveTimeout: '30s'`, undefined],
  ];
  for (const [properties, level] of cases)
    it(`name keepAliveTimeout as ${level ?? 'nothing'} with ${properties}`, async () => {
      const log = recordedLog();
      logWarnings(await settingsOf(directory, properties), log);
      const lines = log.lines.filter(({ text }) => text.startsWith('keepAliveTimeout is not'));
      expect(lines.map((line) => line.level)).to.deep.equal(level ? [level] : []);
    });
});
