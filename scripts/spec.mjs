// Builds, and runs the spec files whose path contains all the words given: `npm run spec -- refork`.
// From the first option on, arguments are mocha's: `npm run spec -- plan --grep canary`.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const suffix = '.spec.ts';
const mostSuggestions = 5;

function main(args) {
  const firstOption = args.findIndex((arg) => arg.startsWith('-'));
  const words = firstOption < 0 ? args : args.slice(0, firstOption);
  const options = firstOption < 0 ? [] : args.slice(firstOption);
  const names = listSpecs();
  if (words.length === 0) return refuse('usage: npm run spec -- <part of a path>… [mocha options]');
  const found = names.filter((name) => words.every((word) => name.includes(word)));
  if (found.length === 0) {
    const near = suggest(words.join('/'), names).join(', ');
    return refuse(`no spec file has "${words.join('" and "')}" in its path; nearest: ${near}`);
  }
  console.log(found.map((name) => `spec/${name}${suffix}`).join('\n'));
  const built = run(join('node_modules', 'typescript', 'bin', 'tsc'), []);
  if (built !== 0) return built;
  const files = found.map((name) => join('dist', 'spec', `${name}.spec.js`));
  const common = ['--no-config', '--timeout', '60000'];
  return run(join('node_modules', 'mocha', 'bin', 'mocha.js'), [...common, ...options, ...files]);
}

/** Paths below spec/ without the ending, such as "monitor/plan/plan". */
function listSpecs() {
  return readdirSync(join(root, 'spec'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(suffix) && !name.includes('node_modules'))
    .map((name) => name.slice(0, -suffix.length))
    .sort();
}

function suggest(word, names) {
  const likeness = (name) => {
    const shared = pairs(word).filter((pair) => pairs(name).includes(pair)).length;
    return shared / Math.sqrt(name.length);
  };
  return [...names].sort((a, b) => likeness(b) - likeness(a)).slice(0, mostSuggestions);
}

const pairs = (text) => Array.from({ length: text.length - 1 }, (_, at) => text.slice(at, at + 2));

const run = (script, args) =>
  spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;

function refuse(text) {
  console.error(`pitchfork-ts: ${text}`);
  return 1;
}

process.exitCode = main(process.argv.slice(2));
