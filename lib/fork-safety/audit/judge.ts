// Judges what was observed by the catalogue: names give the message, evidence gives the verdict.
// Pure.
import type { Row } from '../catalogue/row.js';
import { judgeThreads } from './judge-threads.js';
import {
  countBy,
  judgement,
  matches,
  matchOption,
  plural,
  told,
  writtenOption,
  type Judgement,
  type Match,
} from './match.js';
import type { Observations } from './observations.js';
import type { Package } from '../heap/package-of.js';

/** `rows` in order of precedence: the first that claims an observation explains it. */
export function judge(observations: Observations, rows: readonly Row[]): Judgement[] {
  const observed = [
    ...judgeApp(observations),
    ...judgeThreads(observations, rows),
    ...judgeWorkers(observations, rows),
    ...judgeChildren(observations, rows),
    ...judgeFiles(observations, rows),
    ...judgeOptions(observations, rows),
  ];
  // What is known by evidence need not be told by name again.
  const known = new Set(observed.map(({ subject, breaks }) => `${subject} ${breaks}`));
  const byName = judgeNames(observations, rows).filter(
    ({ subject, breaks }) => !known.has(`${subject} ${breaks}`),
  );
  return [...observed, ...byName, ...tell(observations)];
}

function judgeApp({ unsafeReason }: Observations): Judgement[] {
  if (unsafeReason === null) return [];
  return [
    {
      ...told('app', `says that it is no longer fork-safe: ${unsafeReason}`),
      severity: 'refuse',
      by: 'app',
    },
  ];
}

function judgeWorkers(observations: Observations, rows: readonly Row[]): Judgement[] {
  const groups = countBy(observations.workers, ({ kind, owner }) => `${kind} ${owner?.directory}`);
  return groups.flatMap(([{ kind, owner }, count]) => {
    const owners = owner ? [owner] : [];
    const [match] = matches(rows, owners, ({ when }) => when === kind);
    const found =
      kind === 'worker'
        ? `keeps ${plural(count, 'worker thread')}`
        : 'runs module hooks in a thread (module.register)';
    return match ? [judgement(match, byOwner(match, owner, found), 'evidence')] : [];
  });
}

function judgeChildren({ children }: Observations, rows: readonly Row[]): Judgement[] {
  return children.flatMap(({ pid, command, owner }) => {
    const [match] = matches(rows, owner ? [owner] : [], ({ when }) => when === 'child');
    const found = `keeps a child process (pid ${pid}: ${shorten(command)})`;
    return match ? [judgement(match, byOwner(match, owner, found), 'evidence')] : [];
  });
}

function judgeFiles({ held, packages }: Observations, rows: readonly Row[]): Judgement[] {
  const phrases = {
    database: 'is open for writing',
    mapping: 'is mapped shared and writable',
    lock: 'is locked',
  };
  return held.flatMap(({ path, how }) => {
    const [match] = matches(
      rows,
      packages,
      (condition) => condition.when === 'file' && condition.how === how,
    );
    if (!match) return [];
    const found = `${phrases[how]}: ${path}`;
    return [judgement(match, match.package ? `holds a file that ${found}` : found, 'evidence')];
  });
}

function judgeOptions(observations: Observations, rows: readonly Row[]): Judgement[] {
  const { options, nodeVersion, inspectorUrl } = observations;
  const byOption = options.flatMap((option) => {
    const found = `is started by the option ${writtenOption(option)}`;
    const matched = matchOption(rows, option, nodeVersion);
    return matched ? [judgement(matched.match, found, 'evidence')] : [];
  });
  if (inspectorUrl === null) return byOption;
  const [match] = matches(rows, [], ({ when }) => when === 'inspector');
  return match
    ? [...byOption, judgement(match, `listens at ${inspectorUrl}`, 'evidence')]
    : byOption;
}

function judgeNames({ packages, addons }: Observations, rows: readonly Row[]): Judgement[] {
  const loaded = matches(rows, packages, ({ when }) => when === 'loaded').filter(
    ({ row }) => !row.builtIn && row.severity !== 'ok',
  );
  const byAddon = addons.flatMap(({ file, packages: owners }) =>
    matches(
      rows,
      [...owners, ...packages],
      (condition) => condition.when === 'addon' && condition.file.test(file),
    ).slice(0, 1),
  );
  return [...loaded, ...byAddon].map((match) => judgement(match, 'is loaded', 'name'));
}

/** What is good to know, and no reason for anything. */
function tell(observations: Observations): Judgement[] {
  const { addons, timers, datagramSockets, reading } = observations;
  const facts = addons.map(({ file, packages: [owner] }) => ({
    ...told(owner?.name ?? 'native addon', `has a native addon: ${file}`),
    version: owner?.version ?? null,
  }));
  if (timers > 0)
    facts.push({
      ...told('timers', `${plural(timers, 'timer')} will run in every worker`),
      remedy: 'start what must run once in one worker only, or in a process of its own',
    });
  if (datagramSockets > 0)
    facts.push({
      ...told('UDP', `${plural(datagramSockets, 'datagram socket')} will be shared`),
      remedy: 'any worker may receive what is sent to one: open those that receive in each worker',
    });
  for (const path of reading)
    facts.push({
      ...told('open file', `is being read: ${path}`),
      remedy: 'all workers would share its offset: close it, or read at positions',
    });
  return facts;
}

/** Where a row of Node itself speaks of what a package did, the package is told too. */
function byOwner(match: Match, owner: Package | null, found: string): string {
  return match.package || !owner ? found : `${found}, of ${owner.name}@${owner.version}`;
}

function shorten(command: string): string {
  return command.length > 80 ? `${command.slice(0, 79)}…` : command;
}
