// Goal: what holds a file is read rightly from the kernel's texts, and without losing a lock.
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  openFiles,
  parseDescriptor,
  sharedMappings,
} from '../../../lib/fork-safety/evidence/held-files.js';
import { scratch } from '../../support/scratch.js';

const descriptor = (flags: string, more = ''): string =>
  `pos:\t17\nflags:\t${flags}\nmnt_id:\t29\nino:\t5\n${more}`;

describe('parseDescriptor', () => {
  it('tells reading from writing', () => {
    expect(parseDescriptor(descriptor('02100000'))).to.include({ writable: false, position: 17 });
    expect(parseDescriptor(descriptor('02100001'))).to.include({ writable: true });
    expect(parseDescriptor(descriptor('02100002'))).to.include({ writable: true });
  });

  it('finds locks', () => {
    const lock = 'lock:\t1: POSIX  ADVISORY  WRITE 41 08:01:7 0 EOF\n';
    expect(parseDescriptor(descriptor('02', lock))).to.include({ locked: true });
    expect(parseDescriptor(descriptor('02'))).to.include({ locked: false });
  });
});

describe('sharedMappings', () => {
  const line = (permissions: string, path: string): string =>
    `7f0000000000-7f0000001000 ${permissions} 00000000 08:01 123                        ${path}`;

  it('takes files that are mapped shared and for writing', () => {
    const maps = [
      line('rw-s', '/data/my db/lock.mdb'),
      line('rw-s', '/data/my db/lock.mdb'),
      line('rw-s', '/dev/shm/segment'),
      line('r--s', '/usr/lib/gconv/gconv-modules.cache'),
      line('rw-p', '/usr/lib/libc.so.6'),
      line('rw-s', 'anon_inode:[io_uring]'),
      line('rw-s', '/dev/zero (deleted)'),
      line('rw-s', '/memfd:buffer (deleted)'),
      line('rw-p', '[heap]'),
    ].join('\n');
    expect(sharedMappings(maps)).to.deep.equal(['/data/my db/lock.mdb', '/dev/shm/segment']);
  });
});

describe('openFiles', () => {
  const directory = scratch();
  const opened: number[] = [];
  const open = (file: string, flags: string): number => {
    const fd = openSync(file, flags);
    opened.push(fd);
    return fd;
  };
  afterEach(() => opened.splice(0).forEach((fd) => closeSync(fd)));

  it('takes a database for what its header says, and leaves the offset alone', () => {
    const header = 'SQLite format 3\0';
    const database = directory.write('a.db', header + 'page');
    const copy = directory.write('read-only.db', header);
    const fd = open(database, 'r+');
    open(copy, 'r');
    open(directory.write('a.db-wal', ''), 'r+');
    open(directory.write('text', 'text'), 'r+');
    const { held } = openFiles();
    const ours = held.filter(({ path }) => path.startsWith(directory.path));
    expect(ours).to.deep.equal([{ path: database, how: 'database' }]);
    const next = Buffer.alloc(6);
    readSync(fd, next);
    expect(next.toString()).to.equal('SQLite');
  });

  it('names files that are read on', () => {
    const file = directory.write('input', 'lines');
    const fd = open(file, 'r');
    expect(openFiles().reading).to.not.include(file);
    readSync(fd, Buffer.alloc(2));
    expect(openFiles().reading).to.include(file);
  });

  it('is not disturbed by a file that is gone', () => {
    const file = directory.write('gone', 'text');
    open(file, 'r');
    writeFileSync(file, '');
    expect(() => openFiles()).to.not.throw();
  });
});
