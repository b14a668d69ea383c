// Goal: the default control socket is found again by its configuration, in a directory that only
// its owner can enter.
import { chmodSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  defaultControlPath,
  ensureControlDirectory,
  runtimeDirectory,
} from '../../lib/config/runtime-directory.js';
import { scratch } from '../support/scratch.js';

describe('the runtime directory', () => {
  const directory = scratch();
  const before = process.env['XDG_RUNTIME_DIR'];
  beforeEach(() => (process.env['XDG_RUNTIME_DIR'] = directory.path));
  afterEach(() => {
    if (before === undefined) delete process.env['XDG_RUNTIME_DIR'];
    else process.env['XDG_RUNTIME_DIR'] = before;
  });

  it('gives each configuration a socket of its own, always the same', () => {
    expect(defaultControlPath('/a')).to.equal(defaultControlPath('/a'));
    expect(defaultControlPath('/a')).to.not.equal(defaultControlPath('/b'));
    expect(defaultControlPath('/a')).to.match(
      new RegExp(`^${directory.path}/pitchfork-ts-\\d+/[0-9a-f]{16}\\.sock$`),
    );
  });

  it('is made for this user alone, once', () => {
    ensureControlDirectory(defaultControlPath('/a'));
    ensureControlDirectory(defaultControlPath('/a'));
    expect(statSync(runtimeDirectory()).mode & 0o777).to.equal(0o700);
  });

  it('is refused when others can enter it, or when it is something else', () => {
    const path = defaultControlPath('/a');
    ensureControlDirectory(path);
    chmodSync(runtimeDirectory(), 0o755);
    expect(() => ensureControlDirectory(path)).to.throw('cannot use');
    rmSync(runtimeDirectory(), { recursive: true });
    symlinkSync(directory.path, runtimeDirectory());
    expect(() => ensureControlDirectory(path)).to.throw('cannot use');
    rmSync(runtimeDirectory());
    writeFileSync(runtimeDirectory(), '');
    expect(() => ensureControlDirectory(path)).to.throw();
  });

  it('is not made for a socket that is elsewhere', () => {
    ensureControlDirectory(join(directory.path, 'elsewhere', 'c.sock'));
    expect(statSync(join(directory.path, 'elsewhere'), { throwIfNoEntry: false })).to.equal(
      undefined,
    );
  });
});
