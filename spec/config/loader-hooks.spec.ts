// Goal: options that start a thread for module hooks are found, others are left in peace.
import { expect } from 'chai';
import { findLoaderHooks } from '../../lib/config/loader-hooks.js';

const found = (argv: string[], options = '', version = '20.19.0'): string[] =>
  findLoaderHooks(argv, { NODE_OPTIONS: options }, version).map(
    (text) => text.split(' runs module hooks')[0] ?? '',
  );

describe('findLoaderHooks', () => {
  it('finds loaders, however they are written', () => {
    expect(found(['--loader', './l.mjs'])).to.deep.equal(['--loader ./l.mjs']);
    expect(found(['--experimental-loader=./l.mjs'], '', '24.0.0')).to.deep.equal([
      '--experimental-loader ./l.mjs',
    ]);
  });

  it('finds TypeScript registrations where they need a thread', () => {
    for (const name of ['tsx', 'tsx/esm', 'ts-node/register', '@swc-node/register/esm-register']) {
      expect(found(['--import', name]), name).to.deep.equal([`--import ${name}`]);
      expect(found([`--import=${name}`], '', '22.14.0'), name).to.have.lengthOf(1);
      expect(found([`--import=${name}`], '', '22.15.0'), name).to.deep.equal([]);
    }
  });

  it('looks into NODE_OPTIONS too', () => {
    expect(found([], '--max-old-space-size=100  --import tsx')).to.deep.equal(['--import tsx']);
    expect(findLoaderHooks([], {})).to.deep.equal([]);
  });

  it('leaves other options alone', () => {
    const harmless = ['--import', './instrumentation.mjs', '--require', 'tsx/cjs', '--no-compact'];
    expect(found(harmless)).to.deep.equal([]);
  });

  it('says why, and what to do', () => {
    expect(findLoaderHooks(['--loader=x'], {})[0]).to.match(
      /thread, which a fork does not have.*Leave it out/,
    );
  });
});
