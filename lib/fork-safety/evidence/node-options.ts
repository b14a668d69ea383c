// The options of this Node process, from the command line and from NODE_OPTIONS.

export interface NodeOption {
  /** For example '--import'. */
  readonly option: string;
  /** '' for a flag. */
  readonly value: string;
}

/** Accepts both `--option value` and `--option=value`; NODE_OPTIONS come first, as for Node. */
export function readNodeOptions(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): NodeOption[] {
  const fromEnvironment = (environment['NODE_OPTIONS'] ?? '').split(/\s+/).filter(Boolean);
  return [...pairs(fromEnvironment), ...pairs(argv)];
}

function pairs(words: readonly string[]): NodeOption[] {
  return words.flatMap((word, index) => {
    if (!word.startsWith('-')) return [];
    const equals = word.indexOf('=');
    if (equals !== -1) return [{ option: word.slice(0, equals), value: word.slice(equals + 1) }];
    const next = words[index + 1] ?? '';
    return [{ option: word, value: next.startsWith('-') ? '' : next }];
  });
}
