// The launch of the server: its command, environment and directory. Every fresh process gets these,
// whatever a configuration has changed in the monitor since, and a hot restart repeats them. Loaded
// before any configuration.
import { readFileSync, statSync } from 'node:fs';
import { takeVariables } from './service-variables.js';

/** Passed by a hot restart to the next program (lib/monitor/hot-restart), and to no child. */
export interface Succession {
  /** Descriptor of the memory file with the hand-over. */
  readonly fd: number;
  /** The value of LD_PRELOAD before the addon was added to it; null if unset. */
  readonly preload: string | null;
}

/** The token of remote control: for the monitor and the control commands, never for the app. */
export const tokenVariable = 'PITCHFORK_TOKEN';
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

/** Set in the next program of a hot restart; null otherwise. */
export const succession = takeSuccession();

/**
 * From the environment, or by a hot restart from the predecessor (`takeOver`); null if there is
 * none. Kept out of `launch.environment`, and so of every process that is started.
 */
export const secrets: { token: string | null } = {
  token: takeVariable(tokenVariable)?.trim() || null,
};

/** Set in a trial run of a hot restart (lib/monitor/hot-restart/preflight.ts); null otherwise. */
export const preflight = takeVariable(preflightVariable);

/** $PWD if valid: a path through a symbolic link may lead elsewhere at the next boot. */
function logicalDirectory(): string {
  const actual = process.cwd();
  const named = process.env['PWD'];
  if (named === undefined) return actual;
  const [a, b] = [actual, named].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a && b && a.dev === b.dev && a.ino === b.ino ? named : actual;
}

/** Addressed to this process alone, so removed from the environment. */
const service = takeVariables(process.env);

/** Read from /proc, since Node resolves symbolic links in `process.execPath` and `process.argv`. */
function commandLine(): string[] {
  return readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1);
}

export interface Launch {
  /** As given: the name of Node, its options, the script and its arguments. */
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
