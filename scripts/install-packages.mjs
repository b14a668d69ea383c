// Installs what the fixture apps of spec/fixtures use, as its lock file has it. For development and
// CI; run again, it does nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const directory = fileURLToPath(new URL('../spec/fixtures', import.meta.url));
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
  const options = ['ci', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', options, {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) {
    console.error(`pitchfork-ts: npm ${options.join(' ')} failed in ${directory}`);
    process.exit(1);
  }
}
