// Runs `pitchfork-ts check` to its end on an app given as source, which finds the packages of
// spec/fixtures, and asserts that nothing of it is left.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CheckResult } from '../../lib/check/result.js';
import { command, type Ended } from '../cli/command.js';
import { marked } from './processes.js';
import { until } from './until.js';

const packages = fileURLToPath(new URL('../../../spec/fixtures/node_modules', import.meta.url));

const deadlineMs = 100_000;

export interface CheckOptions {
  /** The source of an ES module. */
  readonly app: string;
  /** Further properties of the configuration, as source: `shutdownTimeout: '1s',`. */
  readonly config?: string;
  /** Statements at the top of the configuration. */
  readonly prelude?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export async function runCheck(options: CheckOptions): Promise<Ended> {
  const { app, config = '', prelude = '', args = [], env = {} } = options;
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'pitchfork-spec-')));
  const mark = randomUUID();
  try {
    symlinkSync(packages, join(directory, 'node_modules'));
    writeFileSync(join(directory, 'app.mjs'), app);
    writeFileSync(
      join(directory, 'pitchfork.conf.mjs'),
      `${prelude}
      export default { app: './app.mjs', listen: '127.0.0.1:0', ${config} };`,
    );
    const ended = await command(['check', ...args], {
      directory,
      variables: { ...process.env, ...env, PITCHFORK_SPEC: mark },
      deadlineMs,
    });
    await until('nothing to be left of the check', () => marked(mark).length === 0, 5_000);
    return ended;
  } finally {
    for (const { pid } of marked(mark)) process.kill(pid, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}

/** With --json; throws if the output is anything else. */
export async function resultOf(options: CheckOptions): Promise<CheckResult & Ended> {
  const ended = await runCheck({ ...options, args: ['--json', ...(options.args ?? [])] });
  try {
    return { ...(JSON.parse(ended.stdout) as CheckResult), ...ended };
  } catch (error) {
    throw new Error(`no JSON: ${ended.stdout}\n${ended.stderr}`, { cause: error });
  }
}

/** "refuse: sharp", without mere information. */
export function verdictsOf({ findings }: CheckResult): string[] {
  return findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, subject }) => `${severity}: ${subject}`);
}
