// Goal: a limit of descriptors that is too low for the program itself is one line with the remedy.
// Method: the real command under such limits.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const command = fileURLToPath(new URL('../../bin/pitchfork-ts.js', import.meta.url));

describe('the command with few descriptors', () => {
  for (const limit of [40, 64])
    it(`says so in one line (${limit})`, () => {
      const script = `ulimit -n ${limit} && exec "$0" "$1" status`;
      const { status, stdout, stderr } = spawnSync(
        'sh',
        ['-c', script, process.execPath, command],
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
