// Goal: a defect costs neither the monitor nor a flood of lines. Method: errors in all the ways in
// which they can reach it.
import { expect } from 'chai';
import { Defects } from '../../lib/monitor/defects.js';
import { recordedLog } from '../support/recorded-log.js';

describe('defects', () => {
  it('are contained and logged with their stack, and not again at once', () => {
    const log = recordedLog();
    const defects = new Defects(log);
    const error = new TypeError('story');
    const act = (): never => {
      throw error;
    };
    expect([1, 2, 3].map(() => defects.contain(act))).to.deep.equal([false, false, false]);
    expect(defects.contain(() => undefined)).to.equal(true);
    expect(log.lines).to.have.length(1);
    expect(log.lines[0]).to.deep.include({ level: 'error' });
    expect(log.lines[0]?.fields).to.include({ reason: 'TypeError: story', stack: error.stack });
  });

  it('are named by where they are: in pitchfork-ts, or in the configuration', () => {
    const log = recordedLog();
    const defects = new Defects(log);
    const ours = new Error('ours');
    ours.stack = 'Error: ours\n    at node:internal/x:1:1';
    const theirs = new Error('theirs');
    theirs.stack = 'Error: theirs\n    at Timeout.f (/srv/app/pitchfork.conf.ts:3:1)';
    for (const error of [ours, theirs, 'thrown']) defects.report(error);
    expect(log.texts()).to.deep.equal([
      'defect of pitchfork-ts',
      'uncaught error of the configuration',
      'defect of pitchfork-ts',
    ]);
  });
});
