// Parses a command line with yargs, by the list of commands.
import yargs, { type Argv } from 'yargs';
import type { OptionTexts } from '../config/overrides.js';
import { UserError } from '../base/user-error.js';
import { packageVersion } from '../system/package-version.js';
import { commands, type Command } from './commands.js';
import { unknownArgument, usageProblem } from './usage/usage-problem.js';

export interface Parsed {
  readonly command: Command;
  /**
   * The values of options, by name. They stay text here: the readers of the configuration convert
   * and check them.
   */
  readonly texts: OptionTexts;
  /** The switches that are on. */
  readonly switches: ReadonlySet<string>;
}

type Values = Readonly<Record<string, unknown>>;

const commandNames = commands.map(({ name }) => name);
const allOptions = commands.flatMap(({ options }) => options);
const optionNames = [...new Set(allOptions.map(({ name }) => name)), 'help', 'version'];

/** A text to print, the help or the version, where that is asked for. */
export function parse(argv: readonly string[]): Parsed | string {
  let chosen: Parsed | undefined;
  let problem: string | undefined;
  let output = '';
  const choose = (command: Command, values: Values): void => {
    refuseSurplus(values, argv);
    chosen = { command, texts: textsOf(command, values), switches: switchesOf(command, values) };
  };
  void describeCommands(choose).parse([...argv], {}, (error, _values, text) => {
    if (error instanceof UserError) throw error;
    problem = error?.message;
    output = text;
  });
  if (problem !== undefined)
    throw new UserError(
      usageProblem(problem, { argv, commands: commandNames, options: optionNames }),
    );
  return chosen ?? output;
}

function describeCommands(choose: (command: Command, values: Values) => void): Argv {
  const parser = yargs()
    .scriptName('pitchfork-ts')
    .usage('$0 [-c pitchfork.conf.ts]: serve an app from forked workers');
  for (const command of commands)
    parser.command(
      command.name === 'run' ? ['$0', 'run'] : command.name,
      command.description,
      (argv) => describeOptions(argv, command),
      (values) => choose(command, values),
    );
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

function describeOptions(argv: Argv, { options }: Command): Argv {
  for (const { name, alias, text: description, isSwitch } of options)
    argv.option(name, {
      ...(isSwitch ? { type: 'boolean' } : { type: 'string', requiresArg: true }),
      ...(alias !== undefined && { alias }),
      description,
    });
  return argv;
}

/** Rejects what yargs lets through: words behind `--`, and values of switches. */
function refuseSurplus(values: Values, argv: readonly string[]): void {
  const words = [values['_']].flat().map(String);
  const surplus = words.find((word, index) => index > 0 || !commandNames.includes(word));
  if (surplus !== undefined) throw new UserError(unknownArgument(surplus, words, commandNames));
  for (const { name, isSwitch } of allOptions)
    if (isSwitch && argv.some((word) => word.startsWith(`--${name}=`)))
      throw new UserError(`--${name}: takes no value`);
}

function textsOf({ options }: Command, values: Values): OptionTexts {
  const texts: Record<string, string | string[]> = {};
  for (const { name, isSwitch, repeatable } of options) {
    const value = values[name];
    if (isSwitch || value === undefined) continue;
    const list = [value].flat().map(String);
    const [first = ''] = list;
    if (list.length > 1 && !repeatable) throw new UserError(`--${name}: given twice`);
    if (list.includes('')) throw new UserError(`--${name}: a value is missing`);
    texts[name] = repeatable ? list : first;
  }
  return texts;
}

function switchesOf({ options }: Command, values: Values): Set<string> {
  return new Set(options.map(({ name }) => name).filter((name) => values[name] === true));
}
