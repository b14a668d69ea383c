// Checks native/ with clang-format and clang-tidy; with --write, formats it instead. clang-tidy
// parses V8's headers for each file, which takes seconds: a file is skipped while it, the headers
// and the checks are as they were when it last passed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findHeaders } from './node-headers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const cacheFile = join(root, '.cache', 'clang-tidy.json');
const files = readdirSync(join(root, 'native'))
  .filter((name) => /\.(cc|h)$/.test(name))
  .map((name) => join('native', name));

class Refusal extends Error {}

async function main() {
  const write = process.argv.includes('--write');
  format(write ? ['-i'] : ['--dry-run', '--Werror']);
  if (!write) await tidy();
}

function format(options) {
  requireTool('clang-format');
  const args = [...options, ...files];
  const { status } = spawnSync('clang-format', args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Refusal('native/ is not formatted: npm run format does it');
}

async function tidy() {
  const version = requireTool('clang-tidy');
  const flags = compilerFlags();
  const common = [version, ...flags, read('.clang-tidy'), ...files.filter(isHeader).map(read)];
  const passed = readCache();
  const waiting = files
    .filter((file) => !isHeader(file))
    .map((file) => ({ file, hash: hash([...common, read(file)]) }))
    .filter(({ file, hash }) => passed[file] !== hash);
  let failed = 0;
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      if (await isTidy(next.file, flags)) passed[next.file] = next.hash;
      else failed++;
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  mkdirSync(join(root, '.cache'), { recursive: true });
  writeFileSync(cacheFile, JSON.stringify(passed));
  if (failed > 0) throw new Refusal(`clang-tidy objects to ${failed} of the files in native/`);
}

/** The flags of binding.gyp that matter here, and the C++ standard that this Node's headers need. */
function compilerFlags() {
  const prefix = findHeaders();
  if (!prefix)
    throw new Refusal(`no headers of Node ${process.version} found: npm install fetches them`);
  const include = join(prefix, 'include', 'node');
  const standard = /-std=gnu\+\+\d\w/.exec(readFileSync(join(include, 'common.gypi'), 'utf8'));
  return [standard?.[0] ?? '-std=gnu++17', '-isystem', include, '-Wall', '-Wextra'];
}

function isTidy(file, flags) {
  return new Promise((resolve) => {
    const child = spawn('clang-tidy', ['--quiet', file, '--', ...flags], { cwd: root });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    // A count of the warnings that it suppressed; errors are on stdout.
    child.stderr.resume();
    child.on('close', (code) => {
      process.stdout.write(output);
      resolve(code === 0);
    });
  });
}

function requireTool(name) {
  const { status, stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Refusal(`${name} not found: apt-get install ${name}`);
  return stdout;
}

function readCache() {
  return existsSync(cacheFile) ? JSON.parse(readFileSync(cacheFile, 'utf8')) : {};
}

const isHeader = (file) => file.endsWith('.h');
const read = (file) => readFileSync(join(root, file), 'utf8');
const hash = (texts) => createHash('sha256').update(texts.join('\0')).digest('hex');

try {
  await main();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(`pitchfork-ts: ${error.message}`);
  process.exitCode = 1;
}
