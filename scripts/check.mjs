// The quick check before a commit: lint, types, the unit specs and the integration specs of reforks,
// in parallel, with caches in .cache/. The output of a step is shown only if it fails. CI runs
// everything, and without eslint's cache: that does not notice when a type of another file changes.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** How many random stories each property is tested with; `npm test` runs more. */
const runs = process.env.PITCHFORK_SPEC_RUNS ?? '20';

const modules = (...path) => join('node_modules', ...path);

const steps = {
  prettier: [
    [modules('prettier', 'bin', 'prettier.cjs'), '--check', '.'],
    ['--cache', '--cache-location', '.cache/prettier'],
  ],
  native: [['scripts/lint-native.mjs']],
  eslint: [
    [modules('eslint', 'bin', 'eslint.js'), '.'],
    ['--cache', '--cache-location', '.cache/eslint', '--cache-strategy', 'content'],
  ],
  types: [[modules('typescript', 'bin', 'tsc')]],
  specs: [[modules('mocha', 'bin', 'mocha.js'), '--config', '.mocharc.check.json']],
};

async function main() {
  const lint = async () =>
    (await run('prettier')) && (await run('native')) && (await run('eslint'));
  const behaviour = async () => (await run('types')) && (await run('specs'));
  const passed = await Promise.all([lint(), behaviour()]);
  if (passed.includes(false)) process.exitCode = 1;
}

function run(name) {
  const began = performance.now();
  return new Promise((resolve) => {
    const env = { ...process.env, PITCHFORK_SPEC_RUNS: runs };
    const child = spawn(process.execPath, steps[name].flat(), { cwd: root, env });
    let output = '';
    const keep = (text) => (output += text);
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('close', (code) => {
      if (code !== 0) process.stdout.write(output);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(8)} ${seconds.padStart(5)} s`);
      resolve(code === 0);
    });
  });
}

await main();
