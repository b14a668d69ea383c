// zod's issues as lines for a user: the option's path as it stands in the configuration, then what
// is wrong with it.
import type { z } from 'zod';
import { show } from './readers.js';
import { didYouMean } from '../base/suggestion.js';

type Issue = z.core.$ZodIssue;

/**
 * The names that each object of a configuration knows, by the option that holds it; '' is the
 * configuration.
 */
export type KnownKeys = Readonly<Record<string, readonly string[]>>;

/** One line per problem, without the name of the file. */
export function describeIssues(
  issues: readonly Issue[],
  config: unknown,
  known: KnownKeys,
): string[] {
  return issues.flatMap(unfold).flatMap((issue) => {
    const path = pathIn(config, issue.path);
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => {
        const holder = issue.path.findLast((step) => typeof step === 'string') ?? '';
        const suggestion = didYouMean(key, known[holder] ?? []);
        return `${joined([...path, key])}: unknown key${suggestion}`;
      });
    return [`${joined(path)}: ${text(issue, config)}`];
  });
}

/** Where `false` is allowed in place of an object, it is the object that has the problems. */
function unfold(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const inner = issue.errors.at(-1) ?? [];
  return inner.map((each) => ({ ...each, path: [...issue.path, ...each.path] }));
}

function text(issue: Issue, config: unknown): string {
  if (issue.code !== 'invalid_type') return issue.message;
  const expected = issue.expected === 'array' ? 'a list' : 'an object';
  return `expected ${expected}, got ${show(valueAt(config, pathIn(config, issue.path)))}`;
}

/**
 * The schema sees a single address as a list of one and a plain address as an object: the steps of
 * a path that the configuration itself does not have are left out.
 */
function pathIn(config: unknown, path: readonly PropertyKey[]): PropertyKey[] {
  const steps: PropertyKey[] = [];
  let current = config;
  for (const key of path) {
    if (Array.isArray(current) !== (typeof key === 'number')) continue;
    if (typeof current !== 'object' || current === null) break;
    steps.push(key);
    current = valueAt(current, [key]);
  }
  return steps;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (current, key) =>
      typeof current === 'object' && current !== null ? Reflect.get(current, key) : undefined,
    value,
  );
}

function joined(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}
