// Goal: a configuration of any module kind becomes complete settings. Method: real files, in a
// directory from which this package cannot be resolved. Their problems are in problems.spec.ts.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { UserError } from '../../lib/base/user-error.js';
import { findConfig, loadSettings } from '../../lib/config/load.js';
import { scratch } from '../support/scratch.js';

const directory = scratch();
const app = (): string => directory.write('app.mjs', 'export default () => {};');

/** Settings from the properties of a configuration, as source text. */
async function load(properties: string, overrides = {}) {
  app();
  const text =
    `import { defineConfig } from 'pitchfork-ts';\n` +
    `export default defineConfig({ app: './app.mjs', ${properties} });\n`;
  return loadSettings(directory.write('pitchfork.conf.ts', text), overrides);
}

describe('findConfig', () => {
  it('finds the default names, TypeScript first', () => {
    for (const name of ['pitchfork.conf.mjs', 'pitchfork.conf.js', 'pitchfork.conf.ts']) {
      const file = directory.write(name, '');
      expect(findConfig(directory.path)).to.equal(file);
    }
  });

  it('reports the names that it looked for', () => {
    expect(() => findConfig(directory.path)).to.throw(
      UserError,
      `no configuration: ${directory.path} has none of pitchfork.conf.ts, pitchfork.conf.js`,
    );
  });
});

describe('loadSettings', () => {
  it('completes the smallest configuration', async () => {
    const { hooks, control, ...settings } = await load('');
    expect(settings).to.deep.equal({
      file: join(directory.path, 'pitchfork.conf.ts'),
      app: join(directory.path, 'app.mjs'),
      engine: 'node',
      listen: [
        {
          kind: 'tcp',
          host: '0.0.0.0',
          port: 8080,
          backlog: 1024,
          queues: 'per-worker',
          ipv6Only: false,
        },
      ],
      workers: availableParallelism(),
      single: false,
      reforkAfter: [],
      refork: { drainTimeoutMs: 10_000, backoffMs: 10_000, canaryMs: 1000, maxUnavailable: 1 },
      phasedRestart: { canaryMs: 5_000 },
      rollback: { windowMs: 60_000, automatic: true },
      spawnTimeoutMs: 30_000,
      heartbeatTimeoutMs: 15_000,
      requestTimeoutMs: false,
      cleanupTimeoutMs: 5_000,
      timeoutSignal: 'SIGKILL',
      shutdownTimeoutMs: 30_000,
      setpgid: true,
      shutdownDelayMs: 0,
      remoteControl: null,
      keepAliveTimeoutMs: 65_000,
      maxWorkerMemoryBytes: null,
      outOfBandGc: false,
      maxConsecutiveSpawnErrors: 10,
      nodeOptions: [],
      metrics: { host: '127.0.0.1', port: 9394, path: '/metrics' },
      user: null,
      group: null,
      noNewPrivileges: true,
      pidfile: null,
      log: { level: 'info', format: 'auto', file: null },
      incompatibleModules: { policy: 'refuse', except: [], also: [] },
    });
    expect(control).to.match(/\/pitchfork-ts-\d+\/[0-9a-f]{16}\.sock$/);
    expect(Object.values(hooks).every((list) => list.length === 0)).to.equal(true);
    expect(Object.keys(hooks)).to.have.lengthOf(17);
  });

  it('takes every option', async () => {
    const settings = await load(`
      engine: 'uws', workers: 3, reforkAfter: [50, 100, false], spawnTimeout: 1000,
      listen: [
        { address: 'localhost:80', backlog: 5, queues: 1, ipv6Only: true },
        { address: 'unix:a.sock', mode: 0o600 },
        '/tmp/b.sock',
      ],
      refork: { drainTimeout: '1s', backoff: 0, canary: '1m', maxUnavailable: 2 },
      phasedRestart: { canary: '3s' },
      rollback: { window: false, automatic: false },
      heartbeatTimeout: '2s', requestTimeout: '5s', cleanupTimeout: 2000, timeoutSignal: 'SIGABRT', shutdownTimeout: '3s', shutdownDelay: '7s', keepAliveTimeout: '4s',
      maxConsecutiveSpawnErrors: false, nodeOptions: ['--no-opt'],
      metrics: { listen: '0.0.0.0:1', path: '/m' }, control: 'c.sock',
      pidfile: './run/app.pid',
      log: { level: 'warn', format: 'json', file: './app.log' },
    `);
    expect(settings).to.deep.include({
      engine: 'uws',
      workers: 3,
      reforkAfter: [50, 100, false],
      refork: { drainTimeoutMs: 1000, backoffMs: 0, canaryMs: 60_000, maxUnavailable: 2 },
      phasedRestart: { canaryMs: 3_000 },
      rollback: { windowMs: false, automatic: false },
      spawnTimeoutMs: 1000,
      heartbeatTimeoutMs: 2000,
      requestTimeoutMs: 5000,
      cleanupTimeoutMs: 2000,
      timeoutSignal: 'SIGABRT',
      shutdownTimeoutMs: 3000,
      shutdownDelayMs: 7000,
      keepAliveTimeoutMs: 4000,
      maxConsecutiveSpawnErrors: false,
      nodeOptions: ['--no-opt'],
      metrics: { host: '0.0.0.0', port: 1, path: '/m' },
      control: join(directory.path, 'c.sock'),
      pidfile: join(directory.path, 'run/app.pid'),
      log: { level: 'warn', format: 'json', file: join(directory.path, 'app.log') },
    });
    expect(settings.listen).to.deep.equal([
      { kind: 'tcp', host: 'localhost', port: 80, backlog: 5, queues: 1, ipv6Only: true },
      { kind: 'unix', path: join(directory.path, 'a.sock'), backlog: 1024, mode: 0o600 },
      { kind: 'unix', path: '/tmp/b.sock', backlog: 1024, mode: 0o660 },
    ]);
  });

  it('takes a policy for incompatible modules alone', async () => {
    const { incompatibleModules } = await load(`incompatibleModules: 'warn'`);
    expect(incompatibleModules).to.deep.equal({ policy: 'warn', except: [], also: [] });
  });

  it('takes exceptions and additions to the catalogue', async () => {
    const row = `{ name: 'a', breaks: 'b', remedy: 'c' }`;
    const { incompatibleModules } = await load(
      `incompatibleModules: { except: ['sharp'], also: [${row}, { ...${row}, versions: '<2', severity: 'warn' }] }`,
    );
    const texts = { name: 'a', breaks: 'b', remedy: 'c' };
    expect(incompatibleModules).to.deep.equal({
      policy: 'refuse',
      except: ['sharp'],
      also: [
        { ...texts, versions: '*', severity: 'refuse' },
        { ...texts, versions: '<2', severity: 'warn' },
      ],
    });
  });

  it('makes lists of hooks', async () => {
    const { hooks } = await load('afterFork: () => 1, afterBooted: [() => 2, async () => 3]');
    expect(hooks.afterFork).to.have.lengthOf(1);
    expect(await Promise.all(hooks.afterBooted.map((hook) => hook()))).to.deep.equal([2, 3]);
  });

  it('treats an undefined option as absent', async () => {
    expect((await load('workers: undefined, metrics: false')).metrics).to.equal(false);
  });

  it('applies overrides', async () => {
    const settings = await load(`workers: 1, listen: 'bad', log: { format: 'json' }`, {
      workers: 5,
      listen: ['127.0.0.1:1'],
      reforkAfter: [7],
      control: '/c.sock',
      log: { level: 'debug' },
      port: { number: 2, required: true },
    });
    expect(settings).to.deep.include({
      workers: 5,
      reforkAfter: [7],
      control: '/c.sock',
      log: { level: 'debug', format: 'json', file: null },
    });
    expect(settings.listen[0]).to.include({ host: '127.0.0.1', port: 2 });
  });

  it('gives a port to the first TCP address', async () => {
    const port = { number: 3, required: false };
    const { listen } = await load(`listen: ['unix:a.sock', 1, 2]`, { port });
    expect(listen.map((address) => (address.kind === 'tcp' ? address.port : 0))).to.deep.equal([
      0, 3, 2,
    ]);
  });

  it('ignores the port of the environment where there is no TCP address', async () => {
    const port = { number: 3, required: false };
    const { listen } = await load(`listen: 'unix:a.sock'`, { port });
    expect(listen.map(({ kind }) => kind)).to.deep.equal(['unix']);
  });

  const kinds: [string, string][] = [
    ['c.mjs', `export default { app: 'app.mjs', workers: 7 };`],
    ['c.cjs', `module.exports = { app: 'app.mjs', workers: 7 };`],
    ['c.js', `module.exports = { app: 'app.mjs', workers: 7 };`],
    ['c.ts', `const workers: number = 7; export default { app: 'app.mjs', workers };`],
    ['c.mts', `export default { app: 'app.mjs', workers: 7 as number };`],
    ['c.cts', `const workers: number = 7; module.exports = { app: 'app.mjs', workers };`],
    ['late.ts', `export default Promise.resolve({ app: 'app.mjs', workers: 7 });`],
    [
      'compiled.cjs',
      `exports.__esModule = true; exports.default = { app: 'app.mjs', workers: 7 };`,
    ],
  ];
  for (const [name, text] of kinds)
    it(`loads ${name}`, async () => {
      app();
      expect((await loadSettings(directory.write(name, text), {})).workers).to.equal(7);
    });

  it('loads the imports of a TypeScript configuration, with live bindings', async () => {
    directory.write('b.ts', `export let n: number = 1; export function grow(): void { n += 1; }`);
    app();
    const text = `import { n, grow } from './b.js'; n; grow(); export default { app: 'app.mjs', workers: n };`;
    expect((await loadSettings(directory.write('c.ts', text), {})).workers).to.equal(2);
  });

  it('leaves no thread behind, since a fork would not have it', async () => {
    const threads = (): number => readdirSync('/proc/self/task').length;
    const before = threads();
    await load('');
    expect(threads()).to.equal(before);
  });
});
