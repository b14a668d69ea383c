// Goal: names give the message, evidence gives the verdict. Method: observations as plain data, and
// the real catalogue.
import { expect } from 'chai';
import { catalogue } from '../../../lib/fork-safety/catalogue/catalogue.js';
import { describeFinding } from '../../../lib/protocol/finding.js';
import { judge } from '../../../lib/fork-safety/audit/judge.js';
import type { Addon, Observations } from '../../../lib/fork-safety/audit/observations.js';
import type { Package } from '../../../lib/fork-safety/heap/package-of.js';
import { applyPolicy, userRows } from '../../../lib/fork-safety/audit/policy.js';

const nothing: Observations = {
  packages: [],
  addons: [],
  threads: [],
  threadsBeforeApp: [],
  workers: [],
  children: [],
  held: [],
  reading: [],
  listening: [],
  options: [],
  nodeVersion: '24.0.0',
  inspectorUrl: null,
  datagramSockets: 0,
  timers: 0,
  unsafeReason: null,
};

const loaded = (name: string, version = '1.0.0'): Package => ({
  name,
  version,
  directory: `/app/node_modules/${name}@${version}`,
});
const addonOf = (...packages: Package[]): Addon => ({
  file: `${packages[0]?.directory}/build/addon.node`,
  packages,
});

const [sharp, snappy, duckdb, unknown] = [
  loaded('sharp'),
  loaded('snappy'),
  loaded('duckdb'),
  loaded('some-addon'),
];

/** 'severity: subject found', without what is told for completeness. */
const verdicts = (observations: Partial<Observations>): string[] =>
  judge({ ...nothing, ...observations }, catalogue)
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, subject, found }) => `${severity}: ${subject} ${found}`);

describe('judge: threads', () => {
  it('names the package by the name of its threads', () => {
    const threads = ['libvips worker', 'libvips worker'];
    expect(verdicts({ packages: [duckdb, sharp], threads })).to.deep.equal([
      'refuse: sharp runs 2 threads ("libvips worker")',
    ]);
  });

  it('does not hold a name against a package that is not loaded', () => {
    expect(verdicts({ threads: ['libvips worker'] })).to.deep.equal([
      'refuse: threads would be missing in a fork: 1 ("libvips worker")',
    ]);
  });

  it('takes a package that is known to have threads for their owner', () => {
    expect(verdicts({ packages: [duckdb], threads: [''] })).to.deep.equal([
      'refuse: duckdb runs 1 thread',
    ]);
  });

  it('names the addons that the catalogue does not know', () => {
    const addons = [addonOf(unknown), addonOf(loaded('bcrypt'))];
    expect(verdicts({ addons, threads: [''] })).to.deep.equal([
      'refuse: threads would be missing in a fork: 1, possibly of some-addon',
    ]);
  });

  it('tolerates idle threads, unless another addon could own them', () => {
    const threads = ['tokio-rt-worker'];
    const packages = [snappy];
    const platform = addonOf(loaded('@napi-rs/snappy-linux-x64-gnu'), snappy);
    const addons = [platform, addonOf(loaded('bcrypt')), addonOf(sharp)];
    expect(verdicts({ packages, threads, addons })).to.deep.equal([]);
    const more = [...addons, addonOf(unknown)];
    expect(verdicts({ packages, threads, addons: more })).to.have.length(1);
    expect(verdicts({ packages, threads, addons: [...addons, addonOf(duckdb)] })).to.have.length(1);
    expect(verdicts({ packages: [], threads, addons })).to.have.length(1);
  });

  it('wants those from before the app explained by an option', () => {
    const profiling = { options: [{ option: '--prof', value: '' }] };
    const threadsBeforeApp = ['v8:Profiler', 'SamplingThread'];
    expect(verdicts({ ...profiling, threadsBeforeApp })).to.deep.equal([
      'refuse: profiler is started by the option --prof',
    ]);
    const options = [{ option: '--require', value: './agent.cjs' }];
    expect(verdicts({ options, threadsBeforeApp: [''] })).to.deep.equal([
      'refuse: threads were started before the app: 1, possibly by --require ./agent.cjs',
    ]);
  });
});

describe('judge: what runs and what is held', () => {
  it('names who made Workers', () => {
    const worker = { kind: 'worker', owner: loaded('piscina') } as const;
    const foreign = { kind: 'worker', owner: loaded('some-pool', '2.1.0') } as const;
    const own = { kind: 'worker', owner: null } as const;
    expect(verdicts({ workers: [worker, worker, foreign, own] })).to.deep.equal([
      'refuse: piscina keeps 2 worker threads',
      'refuse: worker_threads keeps 1 worker thread, of some-pool@2.1.0',
      'refuse: worker_threads keeps 1 worker thread',
    ]);
  });

  it('refuses the child processes of some, and warns of others', () => {
    const esbuild = { pid: 5, command: '/bin/esbuild --service', owner: loaded('esbuild') };
    const other = { pid: 6, command: `sleep ${'1'.repeat(100)}`, owner: null };
    const [first, second] = verdicts({ children: [esbuild, other] });
    expect(first).to.equal('refuse: esbuild keeps a child process (pid 5: /bin/esbuild --service)');
    expect(second).to.match(/^warn: child_process keeps a child process \(pid 6: sleep 1+…\)$/);
  });

  it('names the package that holds a file, and refuses those of nobody', () => {
    const held = [{ path: '/a.db', how: 'database' }] as const;
    expect(verdicts({ packages: [loaded('better-sqlite3')], held })).to.deep.equal([
      'refuse: better-sqlite3 holds a file that is open for writing: /a.db',
    ]);
    expect(verdicts({ held })).to.deep.equal(['refuse: database file is open for writing: /a.db']);
  });

  it('tells module hooks by the options of a Node that runs them in a thread', () => {
    const options = [{ option: '--import', value: 'tsx/esm' }];
    const refused = 'refuse: module.register is started by the option --import tsx/esm';
    expect(verdicts({ options, nodeVersion: '22.14.0' })).to.deep.equal([refused]);
    expect(verdicts({ options, nodeVersion: '22.15.0' })).to.deep.equal([]);
    for (const option of ['--loader', '--experimental-loader'])
      expect(verdicts({ options: [{ option, value: './l.mjs' }] })).to.have.length(1);
    for (const harmless of ['--require', '--no-warnings'])
      expect(verdicts({ options: [{ option: harmless, value: 'tsx/cjs' }] })).to.deep.equal([]);
  });

  it('takes the word of the app', () => {
    expect(verdicts({ unsafeReason: 'a dongle' })).to.deep.equal([
      'refuse: app says that it is no longer fork-safe: a dongle',
    ]);
  });
});

describe('judge: names', () => {
  it('refuses what is unsafe once it is loaded, and tells it once', () => {
    const rolldown = loaded('rolldown');
    expect(verdicts({ packages: [rolldown] })).to.deep.equal(['refuse: rolldown is loaded']);
    expect(verdicts({ packages: [rolldown], threads: ['rolldown-worker'] })).to.deep.equal([
      'refuse: rolldown runs 1 thread ("rolldown-worker")',
    ]);
  });

  it('has nothing against what is only loaded, or repaired', () => {
    const names = ['sharp', 'better-sqlite3', 'esbuild', 'piscina', 'uuid', 'pg', 'ioredis'];
    expect(verdicts({ packages: names.map((name) => loaded(name)) })).to.deep.equal([]);
  });

  it('goes by the version', () => {
    const addons = [{ file: '/x/libquery_engine-debian.so.node', packages: [] }];
    const of = (version: string): string[] =>
      verdicts({ addons, packages: [loaded('@prisma/client', version)] });
    expect(of('6.1.0')).to.deep.equal(['refuse: @prisma/client is loaded']);
    expect(of('7.0.0')).to.deep.equal([]);
  });

  it('tells every version of a package', () => {
    const packages = [loaded('bullmq', '4.0.0'), loaded('bullmq', '5.0.0')];
    expect(verdicts({ packages })).to.have.length(2);
  });
});

describe('the policy', () => {
  const packages = [loaded('rolldown'), loaded('duckdb'), loaded('bullmq')];
  const judged = judge({ ...nothing, packages, threads: [''], unsafeReason: 'x' }, catalogue);
  type Policy = Parameters<typeof applyPolicy>[1];
  const under = (policy: Policy['policy'], except: string[] = []): string[] =>
    applyPolicy(judged, { policy, except }).map(
      ({ severity, subject, found }) => `${severity}: ${subject} ${found.split(' ')[0]}`,
    );

  it('refuses', () => {
    expect(under('refuse')).to.deep.equal([
      'refuse: app says',
      'refuse: duckdb runs',
      'refuse: rolldown is',
      'warn: bullmq is',
    ]);
  });

  it('warns instead, but takes the app’s own word', () => {
    expect(under('warn')).to.deep.equal([
      'refuse: app says',
      'warn: duckdb runs',
      'warn: rolldown is',
      'warn: bullmq is',
    ]);
  });

  it('ignores what is known by name only', () => {
    expect(under('ignore')).to.deep.equal(['refuse: app says', 'warn: duckdb runs']);
  });

  it('makes exceptions', () => {
    expect(under('refuse', ['duckdb', 'rolldown', 'app'])).to.deep.equal([
      'info: app says',
      'info: duckdb runs',
      'info: rolldown is',
      'warn: bullmq is',
    ]);
  });

  it('adds the rows of the configuration', () => {
    const texts = { breaks: 'it bites', remedy: 'feed it' };
    const rows = userRows([{ name: 'cat', versions: '<2', severity: 'refuse', ...texts }]);
    const [finding] = judge({ ...nothing, packages: [loaded('cat', '1.9.0')] }, rows);
    expect(finding && describeFinding(finding)).to.equal('cat@1.9.0 is loaded: it bites: feed it');
    expect(judge({ ...nothing, packages: [loaded('cat', '2.0.0')] }, rows)).to.deep.equal([]);
  });
});
