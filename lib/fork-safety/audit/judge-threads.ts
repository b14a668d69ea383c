// Whose the threads are that a fork would not have. Pure.
import type { Condition, Row } from '../catalogue/row.js';
import {
  countBy,
  isAbout,
  judgement,
  matches,
  matchOption,
  plural,
  writtenOption,
  type Judgement,
} from './match.js';
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
  const [named] = matches(rows, packages, (condition) => claims(condition, name));
  if (named) return [judgement(named, found, 'evidence')];
  const [tolerant] = matches(rows, packages, (condition) => tolerates(condition, name));
  if (tolerant && addons.every((addon) => cannotOwn(addon, name, rows)))
    return [
      judgement({ ...tolerant, row: { ...tolerant.row, severity: 'ok' } }, found, 'evidence'),
    ];
  const anyOf = matches(rows, packages, isAnyThread);
  const possible = anyOf.filter(
    ({ row, package: owner }, index) =>
      owner !== null && anyOf.findIndex((other) => other.row === row) === index,
  );
  if (possible.length > 0) return possible.map((match) => judgement(match, found, 'evidence'));
  const [unknown] = anyOf;
  const orphans = `are there that a fork would lack: ${count}${label(name)}`;
  return unknown ? [judgement(unknown, orphans + suspects(addons, rows), 'evidence')] : [];
}

const claims = (condition: Condition, name: string): boolean =>
  condition.when === 'thread' && condition.named?.test(name) === true;
const tolerates = (condition: Condition, name: string): boolean =>
  condition.when === 'idle thread' && condition.named.test(name);
const isAnyThread = (condition: Condition): boolean =>
  condition.when === 'thread' && condition.named === undefined;

/** By what the catalogue knows of its packages; an addon that it does not know could own any. */
function cannotOwn(addon: Addon, name: string, rows: readonly Row[]): boolean {
  const known = rows.filter((row) => addon.packages.some((owner) => isAbout(row, owner)));
  return (
    known.length > 0 &&
    !known.some(({ applies }) =>
      applies.some((condition) => claims(condition, name) || isAnyThread(condition)),
    )
  );
}

function suspects(addons: readonly Addon[], rows: readonly Row[]): string {
  const names = addons
    .filter(
      ({ packages }) =>
        !packages.some((owner) => rows.some((row) => isFine(row) && isAbout(row, owner))),
    )
    .map(({ file, packages }) => packages.at(-1)?.name ?? file);
  return names.length === 0 ? '' : `, perhaps of ${[...new Set(names)].join(' or ')}`;
}

const isFine = ({ severity }: Row): boolean => severity === 'ok';

/** Threads from before the app, but for those that an option accounts for. */
function judgeEarly(observations: Observations, rows: readonly Row[]): Judgement[] {
  const { threadsBeforeApp, options, nodeVersion } = observations;
  const explained = options.reduce(
    (sum, option) => sum + (matchOption(rows, option, nodeVersion)?.threads ?? 0),
    0,
  );
  const rest = threadsBeforeApp.slice(explained);
  const [match] = matches(rows, [], isAnyThread);
  if (rest.length === 0 || !match) return [];
  const preloads = options
    .filter(({ option }) => /^(?:-r|--require|--import)$/.test(option))
    .map(writtenOption);
  const by = preloads.length === 0 ? '' : `, perhaps by ${preloads.join(' or ')}`;
  const name = rest.find(Boolean) ?? '';
  const found = `were started before the app: ${rest.length}${label(name)}${by}`;
  return [judgement(match, found, 'evidence')];
}

function label(name: string): string {
  return name === '' ? '' : ` ("${name}")`;
}
