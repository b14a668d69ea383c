// ES module loaders that run in a thread of their own cannot be used in a process that forks: a
// fork has no other thread, and each import() in it would wait forever. This finds the options that
// start such a thread.

/**
 * From here on, the usual TypeScript loaders register their hooks in the main thread
 * (module.registerHooks).
 */
const synchronousHooksSince = [22, 15] as const;

const loaderOption = /^--(?:experimental-)?loader$/;
const importOption = '--import';
const threadedRegistrations =
  /^(?:tsx|ts-node|@swc-node\/register|@oxc-node\/core|esbuild-register\/loader)(?:\/.*)?$/;

/**
 * The offending options, each as a line for the log. `nodeVersion` is a version such as '20.19.0'.
 */
export function findLoaderHooks(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  nodeVersion: string = process.versions.node,
): string[] {
  const fromEnvironment = (environment['NODE_OPTIONS'] ?? '').split(/\s+/).filter(Boolean);
  return [...pairs(argv), ...pairs(fromEnvironment)]
    .filter(({ option, value }) => isThreaded(option, value, nodeVersion))
    .map(
      ({ option, value }) =>
        `${option} ${value} runs module hooks in a thread, which a fork does not have: imports ` +
        'would hang in workers. Leave it out: TypeScript apps are compiled without it',
    );
}

function isThreaded(option: string, value: string, nodeVersion: string): boolean {
  if (loaderOption.test(option)) return true;
  return (
    option === importOption &&
    threadedRegistrations.test(value) &&
    isBefore(nodeVersion, synchronousHooksSince)
  );
}

/** Options with their values, be they written `--option value` or `--option=value`. */
function pairs(argv: readonly string[]): { option: string; value: string }[] {
  return argv.map((word, index) => {
    const equals = word.indexOf('=');
    return equals === -1
      ? { option: word, value: argv[index + 1] ?? '' }
      : { option: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

function isBefore(version: string, [major, minor]: readonly [number, number]): boolean {
  const [actualMajor = 0, actualMinor = 0] = version.split('.').map(Number);
  return actualMajor < major || (actualMajor === major && actualMinor < minor);
}
