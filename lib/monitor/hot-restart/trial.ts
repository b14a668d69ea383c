// The trial of a hot restart, inside the running program: starts the next one beside this one, and
// reads its verdict. preflight.ts is the other side.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { settlesWithin } from '../../base/settles-within.js';
import { preflightVariable, type Launch } from '../../system/launch.js';
import type { HeldByPredecessor, TrialReport } from './preflight.js';
import { programOf } from './program.js';

/** Characters kept of each output. */
const maxOutput = 64 * 1024;
/** Time for output that is still to be read when the program has exited. */
const lastOutputMs = 500;

/** Rejects with the reason if the next program could not take over, or when `signal` aborts. */
export function tryNextProgram(
  launch: Launch,
  held: HeldByPredecessor,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<TrialReport> {
  const [name, ...args] = launch.command;
  const child = spawn(programOf(launch), args, {
    argv0: name,
    cwd: launch.directory,
    env: { ...launch.environment, [preflightVariable]: JSON.stringify(held) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    signal,
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`cannot be started: ${error.message}`)));
    if (child.pid === undefined) return;
    const output = collect(child.stdout);
    const errors = collect(child.stderr);
    child.once('exit', (code, signal) => {
      const late = signal === 'SIGKILL' ? ` within ${timeoutMs} ms` : '';
      const end = `it did not get ready${late} (${signal ?? `exit code ${code}`})`;
      // Processes that it started may keep its outputs open for longer.
      void settlesWithin(once(child, 'close'), lastOutputMs).then(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        const report = code === 0 ? reportIn(output()) : undefined;
        if (report) resolve(report);
        else reject(new Error(reasonIn(errors()) ?? end));
      });
    });
  });
}

function collect(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => {
    text = (text + part).slice(-maxOutput);
  });
  return () => text;
}

/** The configuration may print lines of its own before and after the report. */
function reportIn(output: string): TrialReport | undefined {
  for (const line of output.split('\n').reverse())
    try {
      const found: unknown = JSON.parse(line);
      if (typeof found !== 'object' || found === null || !('addon' in found)) continue;
      const { addon } = found;
      if (typeof addon === 'string') return { addon };
    } catch {
      continue;
    }
  return undefined;
}

/** Our own error, or else the line of Node's that names the error. */
function reasonIn(text: string): string | undefined {
  const lines = text.split('\n');
  const own = lines.find((line) => line.startsWith('pitchfork-ts: '));
  return own?.slice('pitchfork-ts: '.length) ?? lines.find((line) => /^\w*Error\b/.test(line));
}
