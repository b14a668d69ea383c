// Goal: every place is found that decides where a path leads. Method: real links.
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { partsOf } from '../../../lib/system/privileges/path-parts.js';
import { scratch } from '../../support/scratch.js';

describe('the parts of a path', () => {
  const directory = scratch();
  const at = (...names: string[]): string => join(directory.path, ...names);

  it('are the directories above it, and those of the targets of links', () => {
    mkdirSync(at('releases', '1'), { recursive: true });
    mkdirSync(at('shared'));
    symlinkSync('releases/1', at('current'));
    symlinkSync('../../shared/conf.ts', at('releases', '1', 'conf.ts'));
    directory.write('shared/conf.ts', '');
    const found = [...partsOf(at('current', 'conf.ts'))];
    expect(found[0]).to.equal('/');
    expect(found.filter((path) => path.startsWith(at())).sort()).to.deep.equal(
      ['', 'current', 'current/conf.ts', 'releases', 'releases/1', 'shared', 'shared/conf.ts'].map(
        (name) => at(name).replace(/\/$/, ''),
      ),
    );
  });

  it('end at a link in circles and at a missing file', () => {
    symlinkSync('loop', at('loop'));
    expect([...partsOf(at('loop'))].at(-1)).to.equal(at('loop'));
    expect([...partsOf(at('none'))].at(-1)).to.equal(at('none'));
  });
});
