// Installs what the apps of spec/fixtures use, as the lock file of spec/fixtures/packages has it, and
// links it to where they find it. The apps have no package.json of their own, so that they find
// pitchfork-ts itself too. For development and CI; run again, it does nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const directory = fileURLToPath(new URL('../spec/fixtures/packages', import.meta.url));
// npm leaves there what it has installed.
const installed = join(directory, 'node_modules', '.package-lock.json');

function isUpToDate() {
  if (!existsSync(installed)) return false;
  const packages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const found = packages(installed);
  return Object.entries(packages(join(directory, 'package-lock.json'))).every(
    ([path, { version, optional }]) => path === '' || optional || found[path]?.version === version,
  );
}

if (!isUpToDate()) {
  // Not `npm ci`, which misses the optional packages of platforms other than the lock file's.
  const options = ['install', '--no-save', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', options, {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) {
    console.error(`pitchfork-ts: npm ${options.join(' ')} failed in ${directory}`);
    process.exit(1);
  }
}

const link = join(directory, '..', 'node_modules');
if (!lstatSync(link, { throwIfNoEntry: false })) symlinkSync('packages/node_modules', link);
