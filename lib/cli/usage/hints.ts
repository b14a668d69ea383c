// Words of other process managers, each with the command or option that does the same here.

const commandHints: Readonly<Record<string, string>> = {
  start: 'the server starts without a command: pitchfork-ts -c pitchfork.conf.ts',
  serve: 'the server starts without a command: pitchfork-ts -c pitchfork.conf.ts',
  reload: '`phased-restart` loads new code without downtime, `restart` the configuration as well',
  list: '`status` shows the processes',
  ls: '`status` shows the processes',
  ps: '`status` shows the processes',
  monit: '`status` shows the processes',
  show: '`status` shows the processes, `stats` everything as JSON',
  logs: 'the log goes to standard output, or to `log.file` in the configuration',
  log: 'the log goes to standard output, or to `log.file` in the configuration',
  scale: '`add-worker` and `remove-worker` change the number of workers',
  kill: '`stop` finishes requests in flight first, `halt` does not',
  delete: '`stop` ends the server',
  quit: '`stop` ends the server',
  upgrade: '`restart` replaces the running program',
};

const optionHints: Readonly<Record<string, string>> = {
  i: 'the number of workers is -w (--workers)',
  instances: 'the number of workers is --workers (-w)',
  name: 'a server goes by its configuration file: -c pitchfork.conf.ts',
  n: 'a server goes by its configuration file: -c pitchfork.conf.ts',
  daemon: 'it stays in the foreground: let a service manager start it (see deploy/)',
  d: 'it stays in the foreground: let a service manager start it (see deploy/)',
};

const moduleFile = /\.[cm]?[jt]sx?$/;

/** Undefined for a word that none of them has. */
export function commandHint(word: string): string | undefined {
  if (moduleFile.test(word)) return fileHint(word);
  return Object.hasOwn(commandHints, word) ? commandHints[word] : undefined;
}

/** `name`: without dashes. */
export function optionHint(name: string): string | undefined {
  return Object.hasOwn(optionHints, name) ? optionHints[name] : undefined;
}

function fileHint(file: string): string {
  if (/\bconf(ig)?\.[cm]?[jt]s$/.test(file)) return `name a configuration with -c ${file}`;
  const app = /^\.{0,2}\//.test(file) ? file : `./${file}`;
  return `write \`app: '${app}'\` in pitchfork.conf.ts, and start it with -c pitchfork.conf.ts`;
}
