// Runs the fixture that audits itself under a given Node, with an app given as source. The app
// finds the packages of spec/fixtures.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../../lib/config/settings.js';
import type { Finding } from '../../lib/protocol/finding.js';
import type { SupportedNode } from './nodes.js';

const program = fileURLToPath(new URL('../fork-safety/fixtures/audited.js', import.meta.url));
/** As in every process that the monitor boots. */
const preload = [
  '--require',
  fileURLToPath(new URL('../../lib/life/preload.cjs', import.meta.url)),
];
const packages = fileURLToPath(new URL('../../../spec/fixtures/node_modules', import.meta.url));

const limitMs = 60_000;

export interface Audited {
  readonly node: SupportedNode;
  /** The source of an ES module. */
  readonly app: string;
  readonly options?: readonly string[];
  readonly settings?: Partial<Settings['incompatibleModules']>;
  /** A command that starts the command appended to it. */
  readonly starter?: readonly string[];
  /** A package that is loaded by --import: 'agent', or with a name of its own. */
  readonly agent?:
    string | { readonly name: string; readonly version: string; readonly code: string };
  /** Whether a newborn is audited too. */
  readonly forks?: boolean;
}

/** The findings of each process, the first one's first. */
export async function auditOf(audited: Audited): Promise<Finding[][]> {
  const { node, app, settings = {}, starter = [], forks = false } = audited;
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'pitchfork-spec-')));
  try {
    symlinkSync(packages, join(directory, 'node_modules'));
    const options = [...(audited.options ?? []), ...agentOptions(directory, audited.agent)];
    const file = join(directory, 'app.mjs');
    writeFileSync(file, app);
    const policy = JSON.stringify({ policy: 'refuse', except: [], also: [], ...settings });
    const own = [...preload, ...options, program, file, policy, forks ? 'forks' : ''];
    const [command = '', ...args] = [...starter, node.execPath, ...own];
    const output = await execute(command, args, directory);
    return output
      .split('\n')
      .filter((line) => line.startsWith('['))
      .map((line) => JSON.parse(line) as Finding[]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function agentOptions(directory: string, agent: Audited['agent']): string[] {
  if (agent === undefined) return [];
  const { name, version, code } =
    typeof agent === 'string' ? { name: 'agent', version: '1.2.3', code: agent } : agent;
  const folder = join(directory, 'agents', 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version }));
  writeFileSync(join(folder, 'index.mjs'), code);
  return ['--import', join(folder, 'index.mjs')];
}

/** Findings other than mere information. */
export function verdicts(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, subject, found }) => `${severity}: ${subject} ${found}`);
}

function execute(command: string, args: readonly string[], cwd: string): Promise<string> {
  const options = { timeout: limitMs, killSignal: 'SIGKILL', cwd } as const;
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stderr}`));
    });
  });
}
