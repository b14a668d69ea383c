// Goal: a hook that fails at every request costs neither the log nor the worker. Method: more notes
// at once than the monitor would take.
import { expect } from 'chai';
import { note } from '../../../../lib/life/worker/common/notes.js';
import type { Report } from '../../../../lib/protocol/message.js';
import { until } from '../../../support/until.js';

describe('notes', () => {
  it('are left out beyond a pace, and counted', async () => {
    const sent: Report[] = [];
    const send = (report: Report): void => void sent.push(report);
    const channel = { send };
    const said = { level: 'error', text: 'story', stack: null } as const;
    for (let times = 0; times < 1_000; times++) note(channel, said);
    expect(sent).to.have.length.within(50, 400);
    const before = sent.length;
    await until('room for another', () => {
      note(channel, said);
      return sent.length > before;
    });
    expect(sent.at(-2))
      .to.have.property('text')
      .that.matches(/^\d+ more lines of this kind/);
    expect(sent.at(-1)).to.deep.equal({ type: 'note', ...said });
  });
});
