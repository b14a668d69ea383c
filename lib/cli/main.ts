// The command line. Each command is loaded when it is asked for, so that the control commands start
// fast and never load the app or the monitor. Whatever goes wrong is one line on stderr and exit
// code 1.
import { stackOf } from '../base/error-text.js';
import yargs, { type Argv } from 'yargs';
import type { Invocation } from './client/invocation.js';
import { operationNames, operations } from '../control-api/operations.js';
import { isRemote, readRemote } from './client/remote.js';
import { unknownArgument, usageProblem } from './usage-problem.js';
import { UserError } from '../base/user-error.js';
import { readOverrides, type OptionTexts } from '../config/overrides.js';
import { launch } from '../system/launch.js';
import { packageVersion } from '../system/package-version.js';

type Command = (invocation: Invocation) => Promise<number>;
type Options = Readonly<Record<string, unknown>>;

interface Parsed {
  readonly command: Command;
  readonly options: Options;
}

const commandNames = ['run', 'check', 'status', 'stats', 'backtrace', ...operationNames];
const optionNames = [
  'config',
  'listen',
  'workers',
  'port',
  'control',
  'token',
  'refork-after',
  'wait',
  'request',
  'json',
  'help',
  'version',
];

/** Resolves with the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const parsed = parse(argv);
    if (typeof parsed === 'string') {
      process.stdout.write(`${parsed}\n`);
      return 0;
    }
    const texts = optionTexts(parsed.options);
    const named = texts.control ?? process.env['PITCHFORK_CONTROL'];
    const token = single('token', parsed.options) ?? process.env['PITCHFORK_TOKEN'];
    const remote = named !== undefined && isRemote(named) ? readRemote(named, token) : null;
    return await parsed.command({
      config: single('config', parsed.options),
      overrides: readOverrides(
        remote ? { ...texts, control: undefined } : texts,
        remote ? { ...process.env, PITCHFORK_CONTROL: undefined } : process.env,
        launch.directory,
      ),
      remote,
      wait: parsed.options['wait'] === true,
    });
  } catch (error) {
    process.stderr.write(describeFailure(error));
    return 1;
  }
}

/** The command and its options, or a text to print: the help or the version. */
function parse(argv: readonly string[]): Parsed | string {
  let parsed: Parsed | undefined;
  let problem: string | undefined;
  let text = '';
  const choose = (command: Command) => (options: Options) => void (parsed = { command, options });
  void describeCommands(choose).parse([...argv], {}, (error, _options, output) => {
    problem = error?.message;
    text = output;
  });
  if (problem !== undefined)
    throw new UserError(
      usageProblem(problem, { argv, commands: commandNames, options: optionNames }),
    );
  if (parsed === undefined) return text;
  refuseSurplus(parsed.options, argv);
  return parsed;
}

/** What yargs lets through: words behind `--`, and values of options that take none. */
function refuseSurplus(options: Options, argv: readonly string[]): void {
  const words = [options['_']].flat().map(String);
  const surplus = words.find((word, index) => index > 0 || !commandNames.includes(word));
  if (surplus !== undefined) throw new UserError(unknownArgument(surplus, words, commandNames));
  if (argv.some((word) => word.startsWith('--wait=')))
    throw new UserError('--wait: takes no value');
}

function describeCommands(choose: (command: Command) => (options: Options) => void): Argv {
  const parser = yargs()
    .scriptName('pitchfork-ts')
    .usage('$0 [-c pitchfork.conf.ts]: serves an app from forked workers')
    .command(
      ['$0', 'run'],
      'run the server (what is done without a command)',
      runOptions,
      choose(run),
    )
    .command(
      'check',
      'find out whether the app can be forked, by forking it',
      checkOptions,
      (options) => choose((invocation) => check(invocation, options))(options),
    )
    .command('status', 'show the processes of the server', controlOptions, choose(status))
    .command('stats', 'print what the server knows, as JSON', controlOptions, choose(stats))
    .command(
      'backtrace',
      'show what every process is doing just now',
      backtraceOptions,
      (options) => choose((invocation) => backtrace(invocation, options))(options),
    );
  for (const name of operationNames) {
    const { description, waits } = operations[name];
    const command: Command = async (invocation) =>
      (await import('./operate.js')).operate(name, invocation);
    parser.command(name, description, waits ? waitOptions : controlOptions, choose(command));
  }
  return parser
    .strict()
    .help()
    .alias('help', 'h')
    .version(packageVersion)
    .detectLocale(false)
    .exitProcess(false)
    .showHelpOnFail(false)
    .wrap(100)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
    });
}

const run: Command = async (invocation) => (await import('./run.js')).run(invocation);
const check = async (invocation: Invocation, options: Options): Promise<number> =>
  (await import('./check.js')).check(invocation, {
    request: single('request', options) ?? null,
    json: options['json'] === true,
  });
const backtrace = async (invocation: Invocation, options: Options): Promise<number> =>
  (await import('./backtrace.js')).backtrace(invocation, { json: options['json'] === true });
const status: Command = async (invocation) => (await import('./status.js')).status(invocation);
const stats: Command = async (invocation) => (await import('./stats.js')).stats(invocation);

/** Values stay text here: the readers of the configuration turn them into values, and complain. */
const text = { type: 'string', requiresArg: true } as const;

const configOption = {
  ...text,
  alias: 'c',
  description: 'the configuration (default: ./pitchfork.conf.ts, .js or .mjs)',
} as const;

const jsonOption = { type: 'boolean', description: 'print JSON instead of text' } as const;

function controlOptions(command: Argv): Argv {
  return command
    .option('config', configOption)
    .option('control', {
      ...text,
      description: 'the control socket, or http://host:port of a remote control',
    })
    .option('token', { ...text, description: 'for a remote control (or PITCHFORK_TOKEN)' });
}

function backtraceOptions(command: Argv): Argv {
  return controlOptions(command).option('json', jsonOption);
}

function waitOptions(command: Argv): Argv {
  return controlOptions(command).option('wait', {
    type: 'boolean',
    description: 'until it is done or has failed',
  });
}

function checkOptions(command: Argv): Argv {
  return command
    .option('config', configOption)
    .option('request', { ...text, description: 'a path to request from the forks, such as /' })
    .option('json', jsonOption);
}

function runOptions(command: Argv): Argv {
  return command
    .option('config', configOption)
    .option('control', { ...text, description: 'the control socket' })
    .option('listen', {
      ...text,
      alias: 'l',
      description: 'port, host:port, [::1]:port, /path.sock or unix:path.sock; repeatable',
    })
    .option('port', { ...text, alias: 'p', description: 'the port of the first TCP address' })
    .option('workers', { ...text, alias: 'w', description: 'how many, or "auto"' })
    .option('refork-after', {
      ...text,
      description: 'requests per worker and generation, such as 50,100,false',
    });
}

function optionTexts(options: Options): OptionTexts {
  const listen = options['listen'];
  return {
    listen: listen === undefined ? undefined : [listen].flat().map(String),
    port: single('port', options),
    workers: single('workers', options),
    reforkAfter: single('refork-after', options),
    control: single('control', options),
  };
}

function single(name: string, options: Options): string | undefined {
  const value = options[name];
  if (Array.isArray(value)) throw new UserError(`--${name}: given twice`);
  if (value === '') throw new UserError(`--${name}: a value is missing`);
  return typeof value === 'string' ? value : undefined;
}

/**
 * A problem of the user's is its message; anything else is a fault of ours, which its stack
 * explains.
 */
function describeFailure(error: unknown): string {
  const fault = stackOf(error);
  const message = error instanceof UserError ? error.message : fault;
  return `${message.replace(/^(?=\S)/gm, 'pitchfork-ts: ')}\n`;
}
