// Runs the real command to its end.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const commandFile = fileURLToPath(new URL('../../bin/pitchfork-ts.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly directory: string;
  readonly variables?: NodeJS.ProcessEnv;
  /** Time until it is killed. Default: 20 s. */
  readonly deadlineMs?: number;
}

/** In `directory`, with a minimal environment and `variables`. */
export function command(
  args: readonly string[],
  { directory, variables = {}, deadlineMs = 20_000 }: CommandOptions,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [commandFile, ...args], {
      cwd: directory,
      env: { PATH: process.env['PATH'], ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: deadlineMs,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
