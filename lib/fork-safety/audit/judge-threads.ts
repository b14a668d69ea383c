// Attributes the threads that a fork would lack to packages and options. Pure.
import type { Condition, Row } from '../catalogue/row.js';
import { countBy, judgementOf, plural, type Judgement } from './judgement.js';
import { isAbout, matchOption, matchRows, optionText } from './matching-rows.js';
import type { Addon, Observations } from './observations.js';

export function judgeThreads(observations: Observations, rows: readonly Row[]): Judgement[] {
  return [
    ...countBy(observations.threads, (name) => name).flatMap(([name, count]) =>
      judgeGroup(observations, rows, name, count),
    ),
    ...judgeEarly(observations, rows),
  ];
}

function judgeGroup(
  { packages, addons }: Observations,
  rows: readonly Row[],
  name: string,
  count: number,
): Judgement[] {
  const found = `runs ${plural(count, 'thread')}${label(name)}`;
  const [named] = matchRows(rows, packages, (condition) => claims(condition, name));
  if (named) return [judgementOf(named, found, 'evidence')];
  const [tolerant] = matchRows(rows, packages, (condition) => tolerates(condition, name));
  if (tolerant && addons.every((addon) => cannotOwn(addon, name, rows)))
    return [
      judgementOf({ ...tolerant, row: { ...tolerant.row, severity: 'ok' } }, found, 'evidence'),
    ];
  const anyOf = matchRows(rows, packages, isAnyThread);
  const possible = anyOf.filter(
    ({ row, package: owner }, index) =>
      owner !== null && anyOf.findIndex((other) => other.row === row) === index,
  );
  if (possible.length > 0) return possible.map((match) => judgementOf(match, found, 'evidence'));
  const [unknown] = anyOf;
  const orphans = `would be missing in a fork: ${count}${label(name)}`;
  return unknown ? [judgementOf(unknown, orphans + suspects(addons, rows), 'evidence')] : [];
}

const claims = (condition: Condition, name: string): boolean =>
  condition.when === 'thread' && condition.named?.test(name) === true;
const tolerates = (condition: Condition, name: string): boolean =>
  condition.when === 'idle thread' && condition.named.test(name);
const isAnyThread = (condition: Condition): boolean =>
  condition.when === 'thread' && condition.named === undefined;

/** An addon of a package that is not in the catalogue could own any thread. */
function cannotOwn(addon: Addon, name: string, rows: readonly Row[]): boolean {
  const known = rows.filter((row) => addon.packages.some((owner) => isAbout(row, owner)));
  return (
    known.length > 0 &&
    !known.some(({ applies }) =>
      applies.some((condition) => claims(condition, name) || isAnyThread(condition)),
    )
  );
}

/** The addons that the catalogue does not call harmless. */
function suspects(addons: readonly Addon[], rows: readonly Row[]): string {
  const names = addons
    .filter(
      ({ packages }) =>
        !packages.some((owner) => rows.some((row) => isHarmless(row) && isAbout(row, owner))),
    )
    .map(({ file, packages }) => packages.at(-1)?.name ?? file);
  return names.length === 0 ? '' : `, possibly of ${[...new Set(names)].join(' or ')}`;
}

const isHarmless = ({ severity }: Row): boolean => severity === 'ok';

/** Threads from before the app that no option accounts for. */
function judgeEarly(observations: Observations, rows: readonly Row[]): Judgement[] {
  const { threadsBeforeApp, options, nodeVersion } = observations;
  const explained = options.reduce(
    (sum, option) => sum + (matchOption(rows, option, nodeVersion)?.threads ?? 0),
    0,
  );
  const rest = threadsBeforeApp.slice(explained);
  const [match] = matchRows(rows, [], isAnyThread);
  if (rest.length === 0 || !match) return [];
  const preloads = options
    .filter(({ option }) => /^(?:-r|--require|--import)$/.test(option))
    .map(optionText);
  const by = preloads.length === 0 ? '' : `, possibly by ${preloads.join(' or ')}`;
  const name = rest.find(Boolean) ?? '';
  const found = `were started before the app: ${rest.length}${label(name)}${by}`;
  return [judgementOf(match, found, 'evidence')];
}

function label(name: string): string {
  return name === '' ? '' : ` ("${name}")`;
}
