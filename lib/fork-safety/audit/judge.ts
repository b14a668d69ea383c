// Judges observations by the catalogue: names give the message, evidence gives the verdict. Pure.
import type { Row } from '../catalogue/row.js';
import { judgeThreads } from './judge-threads.js';
import { countBy, fact, judgementOf, plural, type Judgement } from './judgement.js';
import { matchOption, matchRows, optionText, type Match } from './matching-rows.js';
import type { Observations } from './observations.js';
import type { Package } from '../heap/package-of.js';

/** `rows` come in order of precedence: the first matching row explains an observation. */
export function judge(all: Observations, rows: readonly Row[]): Judgement[] {
  const observations = { ...all, options: unexplained(all, rows) };
  const observed = [
    ...judgeApp(observations),
    ...judgeListening(observations, rows),
    ...judgeThreads(observations, rows),
    ...judgeWorkers(observations, rows),
    ...judgeChildren(observations, rows),
    ...judgeFiles(observations, rows),
    ...judgeOptions(observations, rows),
  ];
  // Findings by evidence are not repeated by name.
  const known = new Set(observed.map(({ subject, breaks }) => `${subject} ${breaks}`));
  const byName = judgeNames(observations, rows).filter(
    ({ subject, breaks }) => !known.has(`${subject} ${breaks}`),
  );
  return [...observed, ...byName, ...facts(observations)];
}

/** An option that starts module hooks says nothing new where their thread was observed. */
function unexplained({ options, workers, nodeVersion }: Observations, rows: readonly Row[]) {
  if (!workers.some(({ kind }) => kind === 'module hooks')) return options;
  return options.filter((option) => {
    const row = matchOption(rows, option, nodeVersion)?.match.row;
    return row?.applies.every(({ when }) => when !== 'module hooks') ?? true;
  });
}

function judgeApp({ unsafeReason }: Observations): Judgement[] {
  if (unsafeReason === null) return [];
  return [
    {
      ...fact('app', `says that it is no longer fork-safe: ${unsafeReason}`),
      severity: 'refuse',
      by: 'app',
    },
  ];
}

function judgeListening({ listening }: Observations, rows: readonly Row[]): Judgement[] {
  const [match] = matchRows(rows, [], ({ when }) => when === 'listening');
  if (!match) return [];
  return listening.map(({ name, port }) => {
    const judgement = judgementOf(match, `is called by the app itself, for ${name}`, 'evidence');
    const option = `\`listen: ${port ?? `'${name}'`}\``;
    return { ...judgement, remedy: judgement.remedy.replace('`listen`', option) };
  });
}

function judgeWorkers(observations: Observations, rows: readonly Row[]): Judgement[] {
  const groups = countBy(observations.workers, ({ kind, owner }) => `${kind} ${owner?.directory}`);
  return groups.flatMap(([{ kind, owner }, count]) => {
    const owners = owner ? [owner] : [];
    const [match] = matchRows(rows, owners, ({ when }) => when === kind);
    const found =
      kind === 'worker'
        ? `keeps ${plural(count, 'worker thread')}`
        : 'runs module hooks in a thread (module.register)';
    return match ? [judgementOf(match, withOwner(match, owner, found), 'evidence')] : [];
  });
}

function judgeChildren({ children }: Observations, rows: readonly Row[]): Judgement[] {
  return children.flatMap(({ pid, command, owner }) => {
    const [match] = matchRows(rows, owner ? [owner] : [], ({ when }) => when === 'child');
    const found = `keeps a child process (pid ${pid}: ${shorten(command)})`;
    return match ? [judgementOf(match, withOwner(match, owner, found), 'evidence')] : [];
  });
}

function judgeFiles({ held, packages }: Observations, rows: readonly Row[]): Judgement[] {
  const phrases = {
    database: 'is open for writing',
    mapping: 'is mapped shared and writable',
    lock: 'is locked',
  };
  return held.flatMap(({ path, how }) => {
    const [match] = matchRows(
      rows,
      packages,
      (condition) => condition.when === 'file' && condition.how === how,
    );
    if (!match) return [];
    const found = `${phrases[how]}: ${path}`;
    return [judgementOf(match, match.package ? `holds a file that ${found}` : found, 'evidence')];
  });
}

function judgeOptions(observations: Observations, rows: readonly Row[]): Judgement[] {
  const { options, nodeVersion, inspectorUrl } = observations;
  const byOption = options.flatMap((option) => {
    const found = `is started by the option ${optionText(option)}`;
    const matched = matchOption(rows, option, nodeVersion);
    return matched ? [judgementOf(matched.match, found, 'evidence')] : [];
  });
  if (inspectorUrl === null) return byOption;
  const [match] = matchRows(rows, [], ({ when }) => when === 'inspector');
  return match
    ? [...byOption, judgementOf(match, `listens at ${inspectorUrl}`, 'evidence')]
    : byOption;
}

function judgeNames({ packages, addons }: Observations, rows: readonly Row[]): Judgement[] {
  const loaded = matchRows(rows, packages, ({ when }) => when === 'loaded').filter(
    ({ row }) => !row.builtIn && row.severity !== 'ok',
  );
  const byAddon = addons.flatMap(({ file, packages: owners }) =>
    matchRows(
      rows,
      [...owners, ...packages],
      (condition) => condition.when === 'addon' && condition.file.test(file),
    ).slice(0, 1),
  );
  return [...loaded, ...byAddon].map((match) => judgementOf(match, 'is loaded', 'name'));
}

/** Facts for information only. */
function facts(observations: Observations): Judgement[] {
  const { addons, timers, datagramSockets, reading } = observations;
  const found = addons.map(({ file, packages: [owner] }) => ({
    ...fact(owner?.name ?? 'native addon', `has a native addon: ${file}`),
    version: owner?.version ?? null,
  }));
  if (timers > 0)
    found.push(fact('timers', `${plural(timers, 'timer')} will run in every worker`, timerRemedy));
  if (datagramSockets > 0)
    found.push(
      fact('UDP', `${plural(datagramSockets, 'datagram socket')} will be shared`, udpRemedy),
    );
  for (const path of reading) found.push(fact('open file', `is being read: ${path}`, offsetRemedy));
  return found;
}

const timerRemedy =
  'start jobs that must run once in beforeServiceWorkerReady, in the one service worker';
const udpRemedy =
  'a datagram may arrive in any worker: open receiving sockets in the hook afterWorkerFork';
const offsetRemedy = 'all workers would share its offset: close it, or read at explicit positions';

/** Names the responsible package where the row is about Node itself. */
function withOwner(match: Match, owner: Package | null, found: string): string {
  return match.package || !owner ? found : `${found}, of ${owner.name}@${owner.version}`;
}

function shorten(command: string): string {
  return command.length > 80 ? `${command.slice(0, 79)}…` : command;
}
