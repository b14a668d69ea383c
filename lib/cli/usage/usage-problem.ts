// The problems that yargs finds in a command line, each as one line that a user can act on.
import { didYouMean } from '../../base/suggestion.js';
import { commandHint, optionHint } from './hints.js';

export interface CommandLine {
  readonly argv: readonly string[];
  readonly commands: readonly string[];
  /** Long names, without dashes. */
  readonly options: readonly string[];
}

export function usageProblem(problem: string, { argv, commands, options }: CommandLine): string {
  const unknown = /^Unknown (?:argument|command)s?: (.+)$/.exec(problem)?.[1]?.split(', ')[0];
  if (unknown !== undefined) {
    const [first = ''] = argv;
    if (commandHint(first) !== undefined) return unknownArgument(first, argv, commands);
    const option = argv.find((word) => isOption(word, unknown));
    if (option === undefined) return unknownArgument(unknown, argv, commands);
    if (options.includes(unknown)) return `${dashed(unknown)}: not an option of this command`;
    const known = options.map((name) => `--${name}`);
    const hint = optionHint(unknown);
    return `${dashed(unknown)}: unknown option${
      hint === undefined ? didYouMean(dashed(unknown), known) : `: ${hint}`
    }`;
  }
  const lacking = /^Not enough arguments following: (.+)$/.exec(problem)?.[1];
  if (lacking !== undefined) return `${dashed(lacking)}: a value is missing`;
  return `${problem.replaceAll('\n', ' ')} (see pitchfork-ts --help)`;
}

/** The first word that is not an option is the command; no command takes another. */
export function unknownArgument(
  word: string,
  argv: readonly string[],
  commands: readonly string[],
): string {
  if (commands.includes(argv[0] ?? '')) return `${word}: unexpected argument of ${argv[0]}`;
  const hint = commandHint(word);
  return `${word}: unknown command${hint === undefined ? didYouMean(word, commands) : `: ${hint}`}`;
}

function isOption(word: string, name: string): boolean {
  if (name.length === 1) return /^-[^-]/.test(word) && word.includes(name);
  return word === `--${name}` || word.startsWith(`--${name}=`);
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
