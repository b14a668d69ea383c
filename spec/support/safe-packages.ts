// Typical uses of popular packages that survive a fork. A use has `assert` of Node, the address of
// a server that answers "origin" as process.env.ORIGIN, those of databases in the variables of
// their clients, a `token` that differs each time, and `fresh`, which tests whether a value was
// never drawn before.

export interface PackageUse {
  readonly name: string;
  /** Statements of a module. */
  readonly code: string;
  /** Statements of an async function that throw on failure. */
  readonly use: string;
}

/** Uses that work in a fork, also after use in its parent. */
export const safe: readonly PackageUse[] = [
  {
    name: 'express',
    code: `import express from 'express'; import { createServer } from 'node:http';
      const app = express().get('/:id', ({ params }, response) => response.json(params));`,
    use: `const server = createServer(app);
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const answer = await fetch('http://127.0.0.1:' + server.address().port + '/7');
      assert.deepEqual(await answer.json(), { id: '7' });
      server.close();`,
  },
  {
    name: 'fastify',
    code: `import fastify from 'fastify';
      const app = fastify({ logger: true });
      app.get('/', async () => ({ hello: 'world' }));`,
    use: `assert.deepEqual((await app.inject('/')).json(), { hello: 'world' });`,
  },
  {
    name: 'zod',
    code: `import { z } from 'zod'; const schema = z.object({ id: z.coerce.number() });`,
    use: `assert.deepEqual(schema.parse({ id: '7' }), { id: 7 });`,
  },
  {
    name: 'pino without a transport',
    code: `import pino from 'pino';
      import { once } from 'node:events';
      import { readFileSync } from 'node:fs';
      const file = pino.destination({ dest: 'app.log', sync: false, minLength: 4096 });
      await once(file, 'ready');
      const log = pino(file);`,
    use: `log.info({ token });
      await new Promise((resolve) => log.flush(resolve));
      assert(readFileSync('app.log', 'utf8').includes(token));`,
  },
  {
    name: 'lodash',
    code: `import lodash from 'lodash';`,
    use: `assert.deepEqual(lodash.groupBy([1, 2, 3], (n) => n % 2), { 0: [2], 1: [1, 3] });
      assert.equal(lodash.template('<%= a %>')({ a: token }), token);`,
  },
  {
    name: 'axios',
    code: `import axios from 'axios'; import { Agent } from 'node:http';
      const client = axios.create({ httpAgent: new Agent({ keepAlive: true }) });`,
    use: `assert.equal((await client.get(process.env.ORIGIN)).data, 'origin');`,
  },
  {
    name: 'undici',
    code: `import { Pool } from 'undici'; const pool = new Pool(process.env.ORIGIN);`,
    use: `const { body } = await pool.request({ path: '/', method: 'GET' });
      assert.equal(await body.text(), 'origin');`,
  },
  {
    name: 'uuid',
    code: `import * as uuid from 'uuid';`,
    use: `for (const id of [uuid.v1(), uuid.v4(), uuid.v7()])
        assert(fresh(id) && uuid.validate(id));`,
  },
  { name: 'nanoid', code: `import { nanoid } from 'nanoid';`, use: `assert(fresh(nanoid()));` },
  {
    name: 'hyperid',
    code: `import hyperid from 'hyperid'; const id = hyperid();`,
    use: `assert(fresh(id()));`,
  },
  {
    name: 'ulid',
    code: `import { monotonicFactory, ulid } from 'ulid'; const next = monotonicFactory();`,
    use: `assert(fresh(ulid()) && fresh(next()));`,
  },
  {
    name: '@paralleldrive/cuid2',
    code: `import { createId, isCuid } from '@paralleldrive/cuid2';`,
    use: `const id = createId(); assert(fresh(id) && isCuid(id));`,
  },
  {
    name: 'jsonwebtoken',
    code: `import jwt from 'jsonwebtoken'; import { generateKeyPairSync } from 'node:crypto';
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });`,
    use: `const signed = jwt.sign({ token }, privateKey, { algorithm: 'RS256' });
      assert.equal(jwt.verify(signed, publicKey).token, token);`,
  },
  {
    name: 'bcrypt',
    code: `import bcrypt from 'bcrypt';`,
    use: `assert(await bcrypt.compare(token, await bcrypt.hash(token, 4)));`,
  },
  {
    name: '@swc/core',
    code: `import { transform, transformSync } from '@swc/core';
      const options = { jsc: { parser: { syntax: 'typescript' } } };`,
    use: `assert.match((await transform('let a: 1 = 1', options)).code, /a = 1/);
      assert.match(transformSync('let a: 1 = 1', options).code, /a = 1/);`,
  },
  {
    name: 'mongodb, not connected',
    code: `import { MongoClient, ObjectId, BSON } from 'mongodb';
      const client = new MongoClient('mongodb://127.0.0.1:9/');`,
    use: `const id = new ObjectId();
      assert(fresh(String(id)));
      assert(BSON.deserialize(BSON.serialize({ id })).id.equals(id));`,
  },
  {
    name: 'ws',
    code: `import { once } from 'node:events'; import { WebSocket, WebSocketServer } from 'ws';`,
    use: `const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
      server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
      await once(server, 'listening');
      const socket = new WebSocket('ws://127.0.0.1:' + server.address().port);
      await once(socket, 'open');
      socket.send(token);
      assert.equal(String((await once(socket, 'message'))[0]), token);
      socket.terminate();
      await new Promise((resolve) => server.close(resolve));`,
  },
  {
    name: 'better-sqlite3 in memory',
    code: `import Database from 'better-sqlite3';
      const db = new Database(':memory:'); db.exec('create table t (a)');`,
    use: `db.prepare('insert into t values (?)').run(token);
      assert.equal(db.prepare('select a from t where a = ?').get(token).a, token);`,
  },
  {
    name: 'sharp, not used',
    code: `import sharp from 'sharp';`,
    use: `assert(sharp.format.png && sharp.versions.vips);`,
  },
  {
    name: 'esbuild, not used',
    code: `import esbuild from 'esbuild';`,
    use: `assert.match(esbuild.version, /^0/);`,
  },
  {
    name: 'snappy',
    code: `import { compress, uncompress } from 'snappy';`,
    use: `assert.equal(await uncompress(await compress(token), { asBuffer: false }), token);`,
  },
  {
    name: 'ioredis, connected',
    code: `import { Redis } from 'ioredis'; const redis = new Redis(process.env.REDIS_URL);`,
    use: `await redis.set(token, 'it'); assert.equal(await redis.get(token), 'it');`,
  },
  {
    name: 'redis, connected',
    code: `import { createClient } from 'redis';
      const redis = createClient({ url: process.env.REDIS_URL });
      redis.on('error', () => undefined);
      await redis.connect();`,
    use: `await redis.set(token, 'it'); assert.equal(await redis.get(token), 'it');`,
  },
  {
    name: 'pg, connected',
    code: `import pg from 'pg';
      const pool = new pg.Pool();
      pool.on('error', () => undefined);`,
    use: `assert.equal((await pool.query('select $1::text as a', [token])).rows[0].a, token);`,
  },
  {
    name: 'prom-client',
    code: `import { collectDefaultMetrics, Counter, register } from 'prom-client';
      collectDefaultMetrics();
      const counter = new Counter({ name: 'used', help: 'used' });`,
    use: `counter.inc(); assert.match(await register.metrics(), /^used 1$/m);`,
  },
  {
    name: 'piscina, not used',
    code: `import { Piscina } from 'piscina';`,
    use: `assert.equal(typeof Piscina, 'function');`,
  },
];
