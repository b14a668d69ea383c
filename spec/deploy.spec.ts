// Goal: the units for systemd are units. Method: systemd's own check, of copies whose node is this one.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { scratch } from './support/scratch.js';

const units = ['pitchfork-ts.service', 'pitchfork-ts.socket'];
const fileOf = (name: string): string =>
  fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url));

describe('the units for systemd', () => {
  const directory = scratch();

  const verify = (change = (text: string) => text): string => {
    const copies = units.map((name) =>
      directory.write(
        name,
        change(readFileSync(fileOf(name), 'utf8').replaceAll('/usr/bin/node', process.execPath)),
      ),
    );
    const options = { encoding: 'utf8', timeout: 20_000 } as const;
    const { status, stderr, error } = spawnSync(
      'systemd-analyze',
      ['verify', '--man=no', ...copies],
      options,
    );
    if (error) throw new Error('systemd-analyze is missing: install systemd', { cause: error });
    // It looks at the units of this machine as well.
    const about = stderr.split('\n').filter((line) => line.includes('pitchfork-ts'));
    return [...about, `status ${status}`].join('\n');
  };

  it('pass systemd-analyze verify', () => {
    expect(verify()).to.equal('status 0');
  });

  it('would not pass with a mistake in them', () => {
    const broken = verify((text) => text.replace('Type=notify', 'Type=notfy'));
    expect(broken).to.include('Failed to parse service type');
  });
});
