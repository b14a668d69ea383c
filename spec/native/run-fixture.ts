// Starts a fixture program under a given Node, in a process group of its own, so that a failing
// spec leaves nothing behind.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SupportedNode } from '../support/nodes.js';

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its output, line by line. */
  readonly lines: string[];
  readonly errors: string;
}

export interface Running {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves with the first line that matches; rejects when the program ends without one. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  readonly outcome: Promise<Outcome>;
  /** Ends the program and all its children. */
  end(): Promise<void>;
}

const limitMs = 110_000;

export function startFixture(
  node: SupportedNode,
  name: string,
  args: readonly string[] = [],
  extraFds: readonly number[] = [],
): Running {
  const file = fileURLToPath(new URL(`./fixtures/${name}.js`, import.meta.url));
  const stdio: StdioOptions = ['pipe', 'pipe', 'pipe', ...extraFds];
  const child = spawn(node.execPath, [file, ...args], { stdio, detached: true });
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${node.execPath}`);
  let output = '';
  let errors = '';
  const lines = () => output.split('\n').filter(Boolean);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const timer = setTimeout(() => kill(pid), limitMs);
  const outcome = new Promise<Outcome>((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, lines: lines(), errors });
    });
  });
  const line = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        for (const text of lines()) {
          const match = pattern.exec(text);
          if (match) resolve(match);
        }
      };
      child.stdout?.on('data', look);
      child.on('close', () => reject(new Error(`no line ${String(pattern)}: ${output}${errors}`)));
      look();
    });
  const end = async () => {
    kill(pid);
    await outcome;
  };
  return { pid, child, line, outcome, end };
}

export const runFixture = (node: SupportedNode, name: string, args: readonly string[] = []) =>
  startFixture(node, name, args).outcome;

function kill(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** The fields of /proc/<pid>/stat after the name, or undefined when there is no such process. */
export function processState(
  pid: number,
): { state: string; ppid: number; ticks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state = '', ppid] = fields;
    return { state, ppid: Number(ppid), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
}

/** Looks again every few milliseconds until the condition holds. */
export async function until(what: string, timeoutMs: number, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
