// Goal: the options that a phased restart does not apply are found, and no others. Method: digests of
// settings that differ in one of them.
import { expect } from 'chai';
import { changedOptions, digestsOf } from '../../lib/protocol/restart-options.js';

const settings = {
  ...{ single: false, workers: 2, spawnTimeoutMs: 30_000, maxWorkerMemoryBytes: null },
  listen: [{ kind: 'tcp', port: 80 }],
  remoteControl: { token: 'a secret of many characters' },
  ...{ app: '/a.js', hooks: { afterFork: [() => 1] }, outOfBandGc: false, file: '/c.ts' },
  control: '/run/a.sock',
};

const changed = (change: object): string[] =>
  changedOptions(digestsOf(settings), digestsOf({ ...settings, ...change }));

describe('options that only a restart applies', () => {
  it('are named as they are written', () => {
    expect(changed({})).to.deep.equal([]);
    expect(changed({ spawnTimeoutMs: 1, maxWorkerMemoryBytes: 5 })).to.have.members([
      ...['spawnTimeout', 'maxWorkerMemory'],
    ]);
    expect(changed({ listen: [{ kind: 'tcp', port: 81 }] })).to.deep.equal(['listen']);
    expect(changed({ workers: 3 })).to.deep.equal(['workers']);
    expect(changed({ control: '/run/b.sock' })).to.deep.equal(['control']);
    expect(changed({ workers: 1, single: true })).to.deep.equal(['workers']);
  });

  it('are not those that the new code is booted with', () => {
    const own = { app: '/b.js', hooks: {}, outOfBandGc: 5, file: '/d.ts' };
    expect(changed(own)).to.deep.equal([]);
  });

  it('leave their process as digests only', () => {
    expect(JSON.stringify(digestsOf(settings))).to.not.include('secret');
    expect(changed({ remoteControl: { token: 'another one' } })).to.deep.equal(['remoteControl']);
  });

  it('are compared as far as both sides know them', () => {
    expect(changedOptions({ workers: 'a' }, {})).to.deep.equal([]);
    expect(changedOptions({}, { workers: 'a' })).to.deep.equal([]);
  });
});
