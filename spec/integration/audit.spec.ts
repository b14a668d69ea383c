// Goal: an audit refuses whatever is in use and cannot be forked, and accepts whatever is merely
// loaded. Method: real packages, each in a process of its own that observes, loads a small app and
// audits itself.
import { expect } from 'chai';
import { isBefore } from '../../lib/base/version-range.js';
import { auditOf, verdicts } from '../support/audited.js';
import { supportedNodes, type SupportedNode } from '../support/nodes.js';

const current: SupportedNode = { version: process.versions.node, execPath: process.execPath };

/** An app and its expected verdicts: as patterns, in order. */
type Case = readonly [title: string, app: string, ...verdicts: RegExp[]];

const serve = 'export default (request, response) => response.end();';

const pool = `import { writeFileSync } from 'node:fs';
  import { Piscina } from 'piscina';
  writeFileSync('task.mjs', 'export default () => 1');
  const filename = process.cwd() + '/task.mjs';
  const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2 });`;

const harmless: readonly Case[] = [
  ['a plain app', ''],
  ['Express', 'import express from "express"; express().get("/", () => 0);'],
  [
    'Fastify with its pino',
    `import fastify from 'fastify';
     const app = fastify({ logger: { level: 'error' } });
     export const ready = app.ready();`,
  ],
  ['pino to a file descriptor', 'import pino from "pino"; pino({}, pino.destination(2)).debug(1);'],
  ['zod', 'import { z } from "zod"; z.object({ a: z.string() }).parse({ a: "b" });'],
  [
    'clients that are not connected',
    'import "ioredis"; import "pg"; import "mysql2"; import "redis"; import "mongodb"; import "ws";',
  ],
  ['sharp, loaded', 'import "sharp";'],
  ['better-sqlite3, loaded', 'import "better-sqlite3";'],
  [
    'better-sqlite3 in memory',
    'import Database from "better-sqlite3"; new Database(":memory:").exec("create table t (a)");',
  ],
  ['lmdb, loaded', 'import "lmdb";'],
  ['esbuild, loaded', 'import "esbuild";'],
  ['bcrypt, used', 'import bcrypt from "bcrypt"; export const ready = bcrypt.hash("secret", 4);'],
  [
    '@swc/core, used',
    'import { transform } from "@swc/core"; export const ready = transform("1");',
  ],
  ['snappy, used', 'import { compress } from "snappy"; export const ready = compress("text");'],
  [
    'a pool of workers that was destroyed',
    `${pool} export const ready = pool.run(1).then(() => pool.destroy());`,
  ],
  [
    'a Worker that is about to end',
    `import { Worker } from 'node:worker_threads';
     new Worker('setTimeout(() => 0, 1000)', { eval: true }).terminate();`,
  ],
  [
    'an unused pool',
    'import "piscina"; import "workerpool"; import "synckit"; import "tsx/cjs/api";',
  ],
  [
    'a server that has been closed, and connections',
    `import { once } from 'node:events';
     import { connect, createServer } from 'node:net';
     const server = createServer(() => 0).listen(0, '127.0.0.1');
     export const ready = once(server, 'listening').then(async () => {
       await once(connect(server.address().port, '127.0.0.1'), 'connect');
       server.close();
     });`,
  ],
  [
    'a timer and a socket',
    'import dgram from "dgram"; setInterval(() => 0, 1000); dgram.createSocket("udp4").bind(0, "127.0.0.1");',
  ],
];

const worker = `import { Worker } from 'node:worker_threads';
  const worker = new Worker('setInterval(() => 0, 1000)', { eval: true });
  export const ready = new Promise((resolve) => worker.on('online', resolve));`;

const harmful: readonly Case[] = [
  ['a live Worker', worker, /^refuse: worker_threads keeps 1 worker thread$/],
  [
    'a live pool of Piscina',
    `${pool} export const ready = pool.run(1);`,
    /^refuse: piscina keeps 2 worker threads$/,
  ],
  [
    'pino with a transport',
    `import pino from 'pino';
     const transport = pino.transport({ target: 'pino/file', options: { destination: 2 } });
     pino(transport);
     export const ready = new Promise((resolve) => transport.on('ready', resolve));`,
    /^refuse: thread-stream keeps 1 worker thread$/,
  ],
  [
    'sharp, used',
    `import sharp from 'sharp';
     const create = { width: 300, height: 300, channels: 3, background: 'red' };
     export const ready = sharp({ create }).resize(100).blur(2).png().toBuffer();`,
    /^refuse: sharp runs \d+ threads? \("libvips worker"\)$/,
  ],
  [
    'an open file of better-sqlite3',
    `import Database from 'better-sqlite3';
     export const db = new Database('app.db'); db.pragma('journal_mode = WAL'); db.exec('create table t (a)');`,
    /^refuse: better-sqlite3 holds a file that is open for writing: .*\/app\.db$/,
  ],
  [
    'an open lmdb',
    'import { open } from "lmdb"; export const db = open({ path: "data" }); export const ready = db.put("a", 1);',
    /^refuse: lmdb holds a file that is mapped shared and writable: .*data/,
  ],
  [
    'an open classic-level',
    'import { ClassicLevel } from "classic-level"; const db = new ClassicLevel("level"); export const ready = db.open();',
    /^refuse: classic-level holds a file that is locked: .*\/LOCK$/,
  ],
  [
    'an open file of DuckDB',
    'import { DuckDBInstance } from "@duckdb/node-api"; export const ready = DuckDBInstance.create("app.duck");',
    /^refuse: @duckdb\/node-api runs \d+ threads?$/,
    /^refuse: @duckdb\/node-api holds a file that is locked: .*app\.duck$/,
  ],
  [
    'the service of esbuild',
    'import { transform } from "esbuild"; export const ready = transform("let a = 1");',
    /^refuse: esbuild keeps a child process \(pid \d+: .*esbuild.*\)$/,
  ],
  ['rolldown, loaded', 'import "rolldown";', /^refuse: rolldown runs \d+ threads/],
  [
    'a subscription of @parcel/watcher',
    `import watcher from '@parcel/watcher';
     export const ready = watcher.subscribe(import.meta.dirname ?? process.cwd(), () => 0);`,
    /^refuse: @parcel\/watcher runs \d+ threads?/,
  ],
  [
    'synckit, used',
    `import { writeFileSync } from 'node:fs';
     import { createSyncFn } from 'synckit';
     writeFileSync('task.mjs', 'import { runAsWorker } from "synckit"; runAsWorker(async () => 1);');
     createSyncFn(process.cwd() + '/task.mjs')();`,
    /^refuse: synckit keeps 1 worker thread$/,
  ],
  [
    'a running child process',
    `import { spawn } from 'node:child_process';
     const child = spawn('sleep', ['60']);
     process.on('exit', () => child.kill());
     export const ready = new Promise((resolve) => child.on('spawn', resolve));`,
    /^warn: child_process keeps a child process \(pid \d+: sleep 60\)$/,
  ],
  [
    'a child process of the app, whoever calls the app',
    `import { spawn } from 'node:child_process';
     import lodash from 'lodash';
     lodash.forEach([1], () => {
       const child = spawn('sleep', ['60']);
       process.on('exit', () => child.kill());
     });`,
    /^warn: child_process keeps a child process \(pid \d+: sleep 60\)$/,
  ],
  [
    'module hooks',
    `import { register } from 'node:module';
     register('data:text/javascript,export const load = (url, context, next) => next(url, context)');
     await import('data:text/javascript,1');`,
    /^refuse: module\.register runs module hooks in a thread/,
  ],
  [
    'a CPU profile that runs',
    `import { Session } from 'node:inspector';
     const session = new Session(); session.connect();
     session.post('Profiler.enable'); session.post('Profiler.start');`,
    /^refuse: profiler runs 1 thread \("v8:ProfEvntProc"\)$/,
  ],
  [
    'what the app says itself',
    `globalThis[Symbol.for('pitchfork-ts.worker')].unsafeReason = 'a licence dongle';`,
    /^refuse: app says that it is no longer fork-safe: a licence dongle$/,
  ],
  [
    'a server that listens',
    `import { createServer } from 'node:http';
     createServer().listen(0).unref();
     createServer().listen(0, 'localhost').unref();`,
    /^refuse: listen\(\) is called by the app itself, for \S+:\d+$/,
    /^refuse: listen\(\) is called by the app itself, for 127\.0\.0\.1:\d+$/,
  ],
  [
    'a server that listens on a path',
    `import { createServer } from 'node:net';
     createServer().listen(process.cwd() + '/app.sock');
     createServer().listen('\\0pitchfork-spec-' + process.pid);`,
    /^refuse: listen\(\) is called by the app itself, for \/.*\/app\.sock$/,
    /^refuse: listen\(\) is called by the app itself, for @pitchfork-spec-\d+$/,
  ],
  [
    'an open inspector',
    'import inspector from "node:inspector"; inspector.open(0, "127.0.0.1");',
    /^warn: inspector listens at ws:/,
  ],
];

describe('the audit', function () {
  this.timeout(60_000);

  for (const [title, app] of harmless)
    it(`accepts ${title}`, async () => {
      const [findings = []] = await auditOf({ node: current, app: `${app}\n${serve}` });
      expect(verdicts(findings)).to.deep.equal([]);
    });

  for (const [title, app, ...expected] of harmful)
    it(`objects to ${title}`, async () => {
      const [findings = []] = await auditOf({ node: current, app: `${app}\n${serve}` });
      const found = verdicts(findings);
      expect(found, found.join('\n')).to.have.length(expected.length);
      for (const [index, pattern] of expected.entries()) expect(found[index]).to.match(pattern);
    });

  it('accepts a lock that is held from outside', async () => {
    const starter = ['flock', 'outside.lock'];
    const [findings = []] = await auditOf({ node: current, app: serve, starter });
    expect(verdicts(findings)).to.deep.equal([]);
  });

  it('reports addons, and the work of a timer and a socket', async () => {
    const app = `import "bcrypt"; import dgram from "dgram"; setInterval(() => 0, 1000);
      const socket = dgram.createSocket("udp4");
      export const ready = new Promise((resolve) => socket.bind(0, "127.0.0.1", resolve));`;
    const [findings = []] = await auditOf({ node: current, app });
    const told = findings.map(({ subject, found }) => `${subject} ${found}`).join('\n');
    expect(told).to.match(/^bcrypt has a native addon: .*\.node$/m);
    expect(told).to.match(/^timers 1 timer will run in every worker$/m);
    expect(told).to.match(/^UDP 1 datagram socket will be shared$/m);
  });
});

for (const node of supportedNodes())
  describe(`the audit under Node ${node.version}`, function () {
    this.timeout(60_000);

    it('accepts a clean app, and a newborn that uses the pool of libuv', async () => {
      const app = `import express from 'express'; import 'pg'; express(); ${serve}`;
      const findings = await auditOf({ node, app, forks: true });
      expect(findings.map(verdicts)).to.deep.equal([[], []]);
    });

    it('finds the threads of a Worker and of module hooks', async () => {
      const hooks = `import { register } from 'node:module'; register('data:text/javascript,1');`;
      const [findings = []] = await auditOf({ node, app: `${worker}\n${hooks}` });
      expect(verdicts(findings).map((text) => text.split(' ')[1])).to.have.members([
        'worker_threads',
        'module.register',
      ]);
    });

    const options: [options: string[], ...subjects: string[]][] = [
      [['--cpu-prof'], 'refuse: profiler'],
      [['--prof', '--logfile=-'], 'refuse: profiler'],
      [['--trace-event-categories=v8'], 'warn: trace events'],
      [['--inspect=0'], 'warn: inspector'],
      [['--heap-prof'], 'warn: heap profiler'],
      [['--loader=data:text/javascript,1'], 'refuse: module.register'],
      [['--v8-pool-size=1']],
    ];
    for (const [written, ...expected] of options)
      it(`judges the options ${written.join(' ')}`, async () => {
        const [findings = []] = await auditOf({ node, app: serve, options: written });
        const found = verdicts(findings).map((text) =>
          text.replace(/ (?:is started|listens|runs module hooks).*/, ''),
        );
        expect(found).to.deep.equal(expected);
      });

    it('judges tsx by its effects', async () => {
      const [findings = []] = await auditOf({ node, app: serve, options: ['--import', 'tsx'] });
      const threaded = isBefore(node.version, '22.15.0');
      expect(verdicts(findings)).to.deep.equal(
        threaded ? ['refuse: tsx runs module hooks in a thread (module.register)'] : [],
      );
    });

    const register = `import { register } from 'node:module'; register('data:text/javascript,1');`;
    const byImport = ['--import', `data:text/javascript,${register}`];

    it('finds the module hooks that a module of --import registered', async () => {
      const [findings = []] = await auditOf({ node, app: serve, options: byImport });
      expect(verdicts(findings)).to.deep.equal([
        'refuse: module.register runs module hooks in a thread (module.register)',
      ]);
      const [finding] = findings.filter(({ severity }) => severity === 'refuse');
      expect(finding?.remedy).to.include('module.registerHooks()');
    });

    it('names the package that registered them', async () => {
      const [findings = []] = await auditOf({ node, app: serve, agent: register });
      expect(verdicts(findings)).to.deep.equal([
        'refuse: module.register runs module hooks in a thread (module.register), of agent@1.2.3',
      ]);
    });

    it('advises those of Sentry and Datadog on their own options', async () => {
      for (const [name, version, remedy] of [
        ['@sentry/node-core', '10.0.0', 'registerEsmLoaderHooks: false'],
        ['@sentry/server-runtime-injection', '11.12.0', 'enableRuntimeChannelInjection: false'],
        ['dd-trace', '5.132.0', '--require dd-trace/init'],
      ] as const) {
        const agent = { name, version, code: register };
        const [findings = []] = await auditOf({ node, app: serve, agent });
        const [finding] = findings.filter(({ severity }) => severity === 'refuse');
        expect(finding).to.include({ subject: name, version });
        expect(finding?.remedy).to.include(remedy);
      }
    });

    it('finds a Worker and a child process that a module of --import started', async () => {
      const starts = `import { spawn } from 'node:child_process';
        import { Worker } from 'node:worker_threads';
        const worker = new Worker('setInterval(() => 0, 1000)', { eval: true });
        worker.unref();
        const child = spawn('sleep', ['60']);
        process.on('exit', () => child.kill());`;
      const [findings = []] = await auditOf({ node, app: serve, agent: starts });
      const found = verdicts(findings);
      expect(found[0]).to.equal('refuse: worker_threads keeps 1 worker thread, of agent@1.2.3');
      expect(found[1]).to.match(/^warn: child_process keeps a child process .*, of agent@1\.2\.3$/);
      expect(found).to.have.length(2);
    });

    it('leaves the options of processes that the app starts as they were', async () => {
      const app = `export const ready = new Promise((resolve, reject) => {
        if (process.execArgv.join() !== '--no-warnings') reject(new Error(process.execArgv.join()));
        resolve();
      });`;
      const [findings = []] = await auditOf({ node, app, options: ['--no-warnings'] });
      expect(verdicts(findings)).to.deep.equal([]);
    });
  });
