// How the server was started: its command, environment and directory. That is what every fresh
// process gets, whatever a configuration has changed in the monitor since, and what a hot restart
// starts again. Loaded before any configuration.
import { readFileSync, statSync } from 'node:fs';
import { takeVariables } from './service-variables.js';

/** What a hot restart tells the next program; see monitor/hot-restart/. No child ever sees it. */
export interface Succession {
  /** The file in memory with the hand-over. */
  readonly fd: number;
  /** What LD_PRELOAD was before our addon was put into it. */
  readonly preload: string | null;
}

export const handOverVariable = 'PITCHFORK_HAND_OVER';
export const preflightVariable = 'PITCHFORK_PREFLIGHT';

function takeVariable(name: string): string | null {
  const value = process.env[name];
  delete process.env[name];
  return value ?? null;
}

function takeSuccession(): Succession | null {
  const text = takeVariable(handOverVariable);
  if (text === null) return null;
  const succession = JSON.parse(text) as Succession;
  if (succession.preload === null) delete process.env['LD_PRELOAD'];
  else process.env['LD_PRELOAD'] = succession.preload;
  return succession;
}

/** Set in the next program of a hot restart. */
export const succession = takeSuccession();

/** Set where a hot restart only finds out whether it would succeed; see monitor/hot-restart/. */
export const preflight = takeVariable(preflightVariable);

/** As the shell names it: through a symbolic link, it may be another directory by the next boot. */
function logicalDirectory(): string {
  const actual = process.cwd();
  const named = process.env['PWD'];
  if (named === undefined) return actual;
  const [a, b] = [actual, named].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a && b && a.dev === b.dev && a.ino === b.ino ? named : actual;
}

/** What a service manager said to this process alone: no other one is to see it. */
const service = takeVariables(process.env);

/** Node makes paths of its own of `process.execPath` and `process.argv`, past symbolic links. */
function commandLine(): string[] {
  return readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1);
}

export interface Launch {
  /** As given: the name of Node, its options, the script and the arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly directory: string;
}

export const launch: Launch & { readonly service: typeof service } = {
  command: commandLine(),
  environment: { ...process.env },
  directory: logicalDirectory(),
  service,
};
