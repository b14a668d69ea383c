// Typical uses of popular packages that do not survive a fork; see safe-packages.ts.
import type { PackageUse } from './safe-packages.js';

export interface RefusedUse extends PackageUse {
  /** The package named in the refusal. */
  readonly subject: string;
  /**
   * Whether the use fails or hangs at once in a fork made against the advice. Others lose their
   * locks, or fail under a load that needs the lost threads.
   */
  readonly breaks: boolean;
}

const task = `import { writeFileSync } from 'node:fs';
      writeFileSync('task.mjs', 'export default (n) => n + 1');`;

export const refused: readonly RefusedUse[] = [
  {
    name: 'pino with a transport',
    subject: 'thread-stream',
    code: `import pino from 'pino'; import { existsSync, readFileSync } from 'node:fs';
      const options = { destination: 'app.log' };
      const log = pino(pino.transport({ target: 'pino/file', options }));`,
    use: `log.info({ token });
      for (;;) {
        if (existsSync('app.log') && readFileSync('app.log', 'utf8').includes(token)) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }`,
    breaks: true,
  },
  {
    name: 'sharp, used',
    subject: 'sharp',
    code: `import sharp from 'sharp';`,
    use: `const create = { width: 300, height: 300, channels: 3, background: 'red' };
      assert((await sharp({ create }).resize(100).blur(2).png().toBuffer()).length > 0);`,
    breaks: true,
  },
  {
    name: 'better-sqlite3 with an open file',
    subject: 'better-sqlite3',
    code: `import Database from 'better-sqlite3';
      const db = new Database('app.db');
      db.pragma('journal_mode = WAL');
      db.exec('create table t (a)');`,
    use: `db.prepare('insert into t values (?)').run(token);`,
    breaks: false,
  },
  {
    name: 'worker_threads',
    subject: 'worker_threads',
    code: `import { once } from 'node:events'; import { Worker } from 'node:worker_threads';
      const program =
        "const { parentPort: port } = require('node:worker_threads');" +
        "port.on('message', (n) => port.postMessage(n + 1));";
      const worker = new Worker(program, { eval: true });`,
    use: `worker.postMessage(1); assert.equal((await once(worker, 'message'))[0], 2);`,
    breaks: true,
  },
  {
    name: 'piscina, used',
    subject: 'piscina',
    code: `import { Piscina } from 'piscina'; ${task}
      const filename = process.cwd() + '/task.mjs';
      const pool = new Piscina({ filename, minThreads: 1, maxThreads: 1 });`,
    use: `assert.equal(await pool.run(1), 2);`,
    breaks: true,
  },
  {
    name: 'workerpool, used',
    subject: 'workerpool',
    code: `import workerpool from 'workerpool';
      const pool = workerpool.pool({ maxWorkers: 1, minWorkers: 1, workerType: 'thread' });`,
    use: `assert.equal(await pool.exec((n) => n + 1, [1]), 2);`,
    breaks: true,
  },
  {
    name: 'synckit, used',
    subject: 'synckit',
    code: `import { writeFileSync } from 'node:fs'; import { createSyncFn } from 'synckit';
      writeFileSync(
        'task.mjs',
        'import { runAsWorker } from "synckit"; runAsWorker(async (n) => n + 1);',
      );
      const add = createSyncFn(process.cwd() + '/task.mjs', { timeout: 10000 });`,
    use: `assert.equal(add(1), 2);`,
    breaks: true,
  },
  {
    name: 'esbuild with its service',
    subject: 'esbuild',
    code: `import esbuild from 'esbuild';`,
    use: `assert.match((await esbuild.transform('let a: 1 = 1', { loader: 'ts' })).code, /a = 1/);`,
    breaks: true,
  },
  {
    name: 'lmdb with an open database',
    subject: 'lmdb',
    code: `import { open } from 'lmdb'; const db = open({ path: 'data' });`,
    use: `await db.put('a', token); assert.equal(db.get('a'), token);`,
    breaks: false,
  },
  {
    name: 'classic-level with an open database',
    subject: 'classic-level',
    code: `import { ClassicLevel } from 'classic-level';
      const db = new ClassicLevel('level');`,
    use: `for (let n = 0; n < 100; n++) await db.put(token + n, 'x'.repeat(100_000));
     await db.compactRange('a', 'z');`,
    breaks: true,
  },
  {
    name: '@duckdb/node-api with an open file',
    subject: '@duckdb/node-api',
    code: `import { DuckDBInstance } from '@duckdb/node-api';
      const connection = await (await DuckDBInstance.create('app.duck')).connect();`,
    use: `const reader = await connection.runAndReadAll('select count(*) from range(9)');
      assert(reader.getRows().length === 1);`,
    breaks: false,
  },
  {
    name: 'rolldown, loaded',
    subject: 'rolldown',
    code: `import { rolldown } from 'rolldown'; import { writeFileSync } from 'node:fs';
      writeFileSync('entry.mjs', 'export default 1');`,
    use: `const bundle = await rolldown({ input: 'entry.mjs' });
      assert((await bundle.generate()).output.length === 1);`,
    breaks: true,
  },
  {
    name: '@parcel/watcher with a subscription',
    subject: '@parcel/watcher',
    code: `import watcher from '@parcel/watcher';
      import { mkdirSync, writeFileSync } from 'node:fs';
      mkdirSync('watched', { recursive: true });
      let notice = () => undefined;
      await watcher.subscribe(process.cwd() + '/watched', (error, events) => notice(events));`,
    use: `const noticed = new Promise((resolve) => (notice = resolve));
      writeFileSync('watched/' + token, '');
      assert((await noticed).length > 0);`,
    breaks: true,
  },
  {
    name: 'import-in-the-middle in a thread',
    subject: 'module.register',
    code: `import { register } from 'node:module';
      register('import-in-the-middle/hook.mjs', import.meta.url);`,
    use: `assert.equal((await import('data:text/javascript,//' + token)).default, undefined);`,
    breaks: true,
  },
];
