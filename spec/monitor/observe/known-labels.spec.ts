// Goal: an app cannot make the monitor keep ever more series. Method: ever new values.
import { expect } from 'chai';
import { KnownLabels } from '../../../lib/monitor/observe/known-labels.js';

const where = { metric: 'm', label: 'subject' };

describe('labels that come from the app', () => {
  it('are kept up to a number, and summed up beyond it', () => {
    const labels = new KnownLabels([], where);
    const names = Array.from({ length: 1_000 }, (_, index) => labels.known(`package ${index}`));
    expect(new Set(names)).to.have.property('size', 101);
    expect([labels.known('package 3'), labels.known('news')]).to.deep.equal(['package 3', 'other']);
  });

  it('include those of the program before', () => {
    const values = Array.from({ length: 100 }, (_, n) => ({
      value: 1,
      labels: { subject: `${n}` },
    }));
    const metric = { name: 'm', help: '', type: 'counter', aggregator: 'sum', values } as const;
    const labels = new KnownLabels([metric], where);
    expect([labels.known('7'), labels.known('news')]).to.deep.equal(['7', 'other']);
  });
});
