// Hooks that record their calls: one line of JSON each in the server's output, written by the
// process that runs the hook.
import type { Server } from './server.js';

export interface Call {
  readonly name: string;
  /** The pid of the process that ran it. */
  readonly pid: number;
  readonly args: Record<string, unknown>[];
}

/** Statements for the top of a configuration: `record(name)` makes a hook. */
export const recorder = `
import { writeSync } from 'node:fs';
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const record = (name) => (...args) => {
  const plain = args.map((arg) =>
    arg.error ? { ...arg, error: String(arg.error) } : arg);
  writeSync(1, 'hook ' + JSON.stringify({ name, pid: process.pid, args: plain }) + '\\n');
};
`;

/** Calls in their order; those of one hook only, if it is named. */
export function calls(server: Server, name?: string): Call[] {
  return server
    .text()
    .split('\n')
    .filter((line) => line.startsWith('hook {') && line.endsWith('}'))
    .map((line) => JSON.parse(line.slice('hook '.length)) as Call)
    .filter((call) => name === undefined || call.name === name);
}
