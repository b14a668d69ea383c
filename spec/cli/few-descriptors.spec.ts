// Goal: a limit of descriptors that is too low for the program itself is one line with the remedy.
// Method: the real command under such limits.
import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { commandFile } from './command.js';

describe('the command with few descriptors', () => {
  for (const limit of [40, 64])
    it(`says so in one line (R5, ${limit})`, () => {
      const script = `ulimit -n ${limit} && exec "$0" "$1" status`;
      const { status, stdout, stderr } = spawnSync(
        'sh',
        ['-c', script, process.execPath, commandFile],
        {
          encoding: 'utf8',
        },
      );
      expect(stderr).to.equal(
        `pitchfork-ts: out of descriptors (limit ${limit}): ` +
          'raise LimitNOFILE or ulimit -n, to 1024 or more\n',
      );
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
    });
});
