// The commands of the CLI. A command is one entry here: its name, its help, its options, and the
// module to load. Operations of the control API are commands by themselves.
import type { Flag, Options } from '../api/option-kinds.js';
import { options, port } from '../api/options.js';
import { operationNames, operations } from '../control-api/routes.js';
import type { Invocation } from './client/invocation.js';

export interface CommandOption extends Flag {
  /** A switch, without a value. */
  readonly isSwitch?: true;
}

export type Run = (invocation: Invocation) => Promise<number>;

export interface Command {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CommandOption[];
  /** Loads the command when it is asked for, so that the control commands start fast. */
  readonly load: () => Promise<Run>;
}

const config: CommandOption = {
  name: 'config',
  alias: 'c',
  text: 'the configuration file (default: ./pitchfork.conf.ts, .js or .mjs)',
};
const requests: readonly CommandOption[] = [
  {
    name: 'request',
    text: "a request to send to the forks, such as / or 'POST /graphql'; repeatable",
    repeatable: true,
  },
  {
    name: 'header',
    alias: 'H',
    text: "a header of each request, such as 'content-type: application/json'; repeatable",
    repeatable: true,
  },
  { name: 'body', text: 'the body of each request, which is a POST unless it names a method' },
];
const json: CommandOption = { name: 'json', text: 'print JSON instead of text', isSwitch: true };
const wait: CommandOption = {
  name: 'wait',
  text: 'wait until it is done or has failed',
  isSwitch: true,
};

/** Options that find a running server. */
const reach: readonly CommandOption[] = [
  config,
  { name: 'control', text: 'the control socket, or http://host:port of a remote control' },
  {
    name: 'token-file',
    text: 'a file with the token of a remote control (default: PITCHFORK_TOKEN)',
  },
  { name: 'token', text: 'the token itself, which a shell remembers: prefer --token-file' },
];

export const commands: readonly Command[] = [
  {
    name: 'run',
    description: 'run the server (the default command)',
    options: [config, ...flagsOf(options), port.flag],
    load: async () => (await import('./run.js')).run,
  },
  {
    name: 'check',
    description: 'check whether the app can be forked, by forking it',
    options: [config, ...requests, json],
    load: async () => (await import('./check.js')).check,
  },
  {
    name: 'status',
    description: 'show the processes of the server',
    options: reach,
    load: async () => (await import('./status.js')).status,
  },
  {
    name: 'stats',
    description: 'print the statistics of the server as JSON',
    options: reach,
    load: async () => (await import('./stats.js')).stats,
  },
  {
    name: 'backtrace',
    description: 'show the current activity of every process',
    options: [...reach, json],
    load: async () => (await import('./backtrace.js')).backtrace,
  },
  ...operationNames.map((name) => ({
    name,
    description: operations[name].description,
    options: operations[name].waits ? [...reach, wait] : reach,
    load: async (): Promise<Run> => {
      const { requestOperation } = await import('./operation.js');
      return (invocation) => requestOperation(name, invocation);
    },
  })),
];

/** The flags in a table of options and its groups. */
function flagsOf(table: Options): CommandOption[] {
  return Object.values(table).flatMap(({ kind, flag }) => [
    ...(flag ? [flag] : []),
    ...(kind.kind === 'group' ? flagsOf(kind.members) : []),
  ]);
}
