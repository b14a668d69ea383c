// Goal: a path that goes through links of another user leads root nowhere, not even when it is
// changed in the middle; a path without such links is the file itself. Method: real directories.
import {
  lchownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { chmodSync, chownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { inItsDirectory } from '../../../lib/system/privileges/directory-entry.js';
import { scratch } from '../../support/scratch.js';

const nobody = 65_534;

describe('a file in a directory of another user', () => {
  const directory = scratch();
  const at = (...names: string[]): string => join(directory.path, ...names);
  const open = (): number => readdirSync('/proc/self/fd').length;

  const write = (path: string): void =>
    inItsDirectory(path, (entry) => writeFileSync(entry, 'written'));

  it('is found through links of root, relative and absolute ones', () => {
    mkdirSync(at('a', 'b'), { recursive: true });
    symlinkSync(at('a'), at('absolute'));
    symlinkSync('../a/b', at('a', 'relative'));
    const before = open();
    write(at('absolute', 'relative', 'file'));
    expect(readFileSync(at('a', 'b', 'file'), 'utf8')).to.equal('written');
    expect(open(), 'descriptors').to.equal(before);
  });

  it('stays in its directory when the path is changed meanwhile', () => {
    mkdirSync(at('a'));
    mkdirSync(at('elsewhere'));
    inItsDirectory(at('a', 'file'), (entry) => {
      renameSync(at('a'), at('moved'));
      symlinkSync(at('elsewhere'), at('a'));
      writeFileSync(entry, 'written');
    });
    expect(readdirSync(at('elsewhere'))).to.deep.equal([]);
    expect(readdirSync(at('moved'))).to.deep.equal(['file']);
  });

  it('is refused where the directory is missing or a file', () => {
    writeFileSync(at('a'), '');
    expect(() => write(at('none', 'file'))).to.throw('ENOENT');
    expect(() => write(at('a', 'file'))).to.throw('ENOTDIR');
    symlinkSync('loop', at('loop'));
    const before = open();
    expect(() => write(at('loop', 'file'))).to.throw('ELOOP');
    expect(open(), 'descriptors').to.equal(before);
  });

  describe('to root', () => {
    before(function () {
      if (process.getuid?.() !== 0) this.skip();
    });

    it('is refused where that user has a link, or could exchange one of root', () => {
      mkdirSync(at('theirs'));
      mkdirSync(at('elsewhere'));
      symlinkSync(at('elsewhere'), at('theirs', 'link'));
      chownSync(at('theirs'), nobody, nobody);
      const reason = 'another user can change the symbolic link "link"';
      expect(() => write(at('theirs', 'link', 'file'))).to.throw(reason);
      lchownSync(at('theirs', 'link'), nobody, nobody);
      expect(() => write(at('theirs', 'link', 'file'))).to.throw(reason);
      chownSync(at('theirs'), 0, 0);
      chmodSync(at('theirs'), 0o1777);
      expect(() => write(at('theirs', 'link', 'file')), 'sticky').to.throw(reason);
      lchownSync(at('theirs', 'link'), 0, 0);
      write(at('theirs', 'link', 'file'));
      expect(readdirSync(at('elsewhere'))).to.deep.equal(['file']);
    });
  });
});
