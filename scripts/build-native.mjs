// Builds the native addon for the Node that runs this script, and the program drop-privileges, which
// is the same for every Node; `npm install` runs it. Every reason why that cannot work is one line
// on stderr that names the remedy. Run again, it does nothing unless a source is newer than the
// results.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { copyFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findHeaders } from './node-headers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const failureLines = 40;

class Refusal extends Error {}

function main() {
  checkPlatform();
  checkNodeVersion();
  const result = addonFile();
  const program = programFile();
  if (isUpToDate(result) && isUpToDate(program)) return;
  checkTools();
  const built = runNodeGyp();
  mkdirSync(dirname(result), { recursive: true });
  // Never a half-written or unloadable file under the final name.
  copyFileSync(join(built, 'pitchfork.node'), `${result}.new.node`);
  tryLoading(`${result}.new.node`);
  copyFileSync(join(built, 'drop-privileges'), `${program}.new`);
  renameSync(`${program}.new`, program);
  renameSync(`${result}.new.node`, result);
}

function tryLoading(file) {
  try {
    createRequire(import.meta.url)(file);
  } catch (error) {
    throw new Refusal(`the native addon was built but cannot be loaded: ${error.message}`);
  }
}

function checkPlatform() {
  const { platform, arch, report } = process;
  if (platform !== 'linux') throw new Refusal(`${platform} is not supported: it needs Linux`);
  if (arch !== 'x64' && arch !== 'arm64')
    throw new Refusal(`processor ${arch} is not supported: it needs x64 or arm64`);
  if (!report.getReport().header.glibcVersionRuntime)
    throw new Refusal('this C library is not supported: it needs glibc (Alpine has musl)');
}

/** Reads "^20.19.0 || ^22.12.0 || >=24.0.0" of package.json. */
function checkNodeVersion() {
  const range = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node;
  const current = numbers(process.versions.node);
  const fits = range.split('||').some((alternative) => {
    const least = numbers(alternative);
    const sameMajor = !alternative.includes('^') || current[0] === least[0];
    return sameMajor && compare(current, least) >= 0;
  });
  if (!fits)
    throw new Refusal(`Node ${process.versions.node} is not supported: install one of ${range}`);
}

const numbers = (version) => version.match(/\d+/g).map(Number);

function compare(left, right) {
  const differing = left.findIndex((part, index) => part !== right[index]);
  return differing < 0 ? 0 : left[differing] - right[differing];
}

/** One file an ABI, so that builds for several Node versions stand side by side. */
function addonFile() {
  const { platform, arch, versions } = process;
  return join(root, 'build', 'native', `pitchfork-${platform}-${arch}-${versions.modules}.node`);
}

function programFile() {
  const { platform, arch } = process;
  return join(root, 'build', 'native', `drop-privileges-${platform}-${arch}`);
}

function isUpToDate(result) {
  if (!existsSync(result)) return false;
  const sources = readdirSync(join(root, 'native')).map((name) => join('native', name));
  const newest = Math.max(
    ...['binding.gyp', ...sources].map((file) => statSync(join(root, file)).mtimeMs),
  );
  return statSync(result).mtimeMs >= newest;
}

function checkTools() {
  const compiler = process.env.CXX ?? 'g++';
  const lacking = [];
  if (!isCommand('make')) lacking.push('make');
  if (!isCommand(compiler.split(' ')[0]) && !isCommand('c++')) lacking.push('a C++ compiler');
  if (!isCommand('python3') && !isCommand('python')) lacking.push('python3');
  if (lacking.length > 0)
    throw new Refusal(
      `${lacking.join(', ')} not found: install g++, make and python3 ` +
        '(Debian: apt-get install g++ make python3) and run npm install again',
    );
}

function isCommand(name) {
  if (name.includes('/')) return existsSync(name);
  const directories = (process.env.PATH ?? '').split(delimiter);
  return directories.some((directory) => existsSync(join(directory, name)));
}

function runNodeGyp() {
  const nodeGyp = findNodeGyp();
  // Headers that are on the machine spare a download, and need no network.
  const nodedir = findHeaders();
  const workspace = makeWorkspace();
  // To node-gyp the environment goes before its options, and npm sets this one for its own Node.
  const env = { ...process.env };
  delete env.npm_config_nodedir;
  for (const step of ['configure', 'build']) {
    const args = [nodeGyp, step, '--jobs=max', ...(nodedir ? [`--nodedir=${nodedir}`] : [])];
    const options = { cwd: workspace, env, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 };
    const { status, stdout, stderr, error } = spawnSync(process.execPath, args, options);
    if (status === 0) continue;
    const output = `${stdout ?? ''}${stderr ?? ''}`.trimEnd().split('\n');
    console.error(output.slice(-failureLines).join('\n'));
    throw new Refusal(
      `the native addon could not be built: node-gyp ${step} failed ` +
        `(${error?.message ?? `status ${status}`}); the end of its output is above`,
    );
  }
  return join(workspace, 'build', 'Release');
}

/**
 * node-gyp always builds in build/ below where it runs: a directory for each ABI keeps the objects
 * for several Node versions apart, and the results out of its way.
 */
function makeWorkspace() {
  const workspace = join(root, 'build', `node-${process.versions.modules}-${process.arch}`);
  mkdirSync(workspace, { recursive: true });
  for (const name of ['native', 'binding.gyp']) {
    const link = join(workspace, name);
    if (!existsSync(link)) symlinkSync(join(root, name), link);
  }
  copyFileSync(join(root, 'package.json'), join(workspace, 'package.json'));
  return workspace;
}

/** npm names its own in lifecycle scripts; otherwise it is looked for where npm is installed. */
function findNodeGyp() {
  const inNpm = join('npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const beside = [
    process.env.npm_config_node_gyp,
    join(prefix, 'lib', 'node_modules', inNpm),
    join(prefix, 'share', 'nodejs', inNpm),
  ].find((file) => file && existsSync(file));
  if (beside) return beside;
  const globalModules = spawnSync('npm', ['root', '-g'], { encoding: 'utf8' }).stdout?.trim();
  const file = globalModules && join(globalModules, inNpm);
  if (file && existsSync(file)) return file;
  throw new Refusal('node-gyp not found: run this as `npm install`, whose npm brings it along');
}

try {
  main();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(`pitchfork-ts: ${error.message}`);
  process.exitCode = 1;
}
