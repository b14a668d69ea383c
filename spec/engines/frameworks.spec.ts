// Goal: popular frameworks answer unchanged, and announce the end of the connection while the
// engine drains. Method: the same requests to an app of each.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import type Express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import type { EngineName } from '../../lib/api/config.js';
import type { App, RequestListener } from '../../lib/api/app-types.js';
import { hasUws, serve, stopEngines } from '../support/engines.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

// By require, as Koa below: an ES import of a CommonJS module that re-exports another one can come
// out empty under Node 20, when mocha has loaded other specs in the process before.
const require = createRequire(import.meta.url);
const express = require('express') as typeof Express;

const short = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

function expressApp(): App {
  const app = express();
  app.use(express.json());
  app.get('/slow', async (_request, response) => {
    await short();
    response.json({ slow: true });
  });
  app.post('/echo', (request, response) => {
    response.cookie('a', '1').cookie('b', '2').json(request.body);
  });
  return { kind: 'listener', listener: app };
}

async function fastifyApp(): Promise<App> {
  const app = fastify();
  app.get('/slow', async () => {
    await short();
    return { slow: true };
  });
  app.post('/echo', async (request, reply) => {
    reply.header('Set-Cookie', ['a=1', 'b=2']);
    return request.body;
  });
  await app.ready();
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    app.routing(request, response);
  return { kind: 'listener', listener };
}

/** The part of Koa that this spec uses; Koa has no types of its own. */
interface KoaContext {
  path: string;
  body: unknown;
  req: IncomingMessage;
  cookies: { set(name: string, value: string): KoaContext['cookies'] };
}
interface Koa {
  use(middleware: (context: KoaContext) => Promise<void>): void;
  callback(): RequestListener;
}

function koaApp(): App {
  const Koa = require('koa') as new () => Koa;
  const app = new Koa();
  app.use(async (context) => {
    if (context.path === '/slow') {
      await short();
      context.body = { slow: true };
      return;
    }
    const pieces: Buffer[] = [];
    for await (const piece of context.req) pieces.push(piece as Buffer);
    context.cookies.set('a', '1').set('b', '2');
    context.body = JSON.parse(Buffer.concat(pieces).toString()) as object;
  });
  return { kind: 'listener', listener: app.callback() };
}

function honoApp(): App {
  const app = new Hono();
  app.get('/slow', async (context) => {
    await short();
    return context.json({ slow: true });
  });
  app.post('/echo', async (context) => {
    context.header('Set-Cookie', 'a=1', { append: true });
    context.header('Set-Cookie', 'b=2', { append: true });
    return context.json(await context.req.json<object>());
  });
  return { kind: 'fetch', fetch: (request) => app.fetch(request) };
}

const cases: [string, EngineName, () => App | Promise<App>][] = [
  ['Express', 'node', expressApp],
  ['Fastify', 'node', fastifyApp],
  ['Koa', 'node', koaApp],
  ['Hono', 'node', honoApp],
  ['Hono', 'uws', honoApp],
];

for (const [framework, name, makeApp] of cases)
  describe(`${framework} on engine ${name}`, () => {
    before(function () {
      if (name === 'uws' && !hasUws) this.skip();
    });
    afterEach(stopEngines);

    it('reads a body and answers with several cookies', async () => {
      const { places } = await serve(name, await makeApp());
      const client = await RawConnection.open(places[0] ?? 0);
      const body = JSON.stringify({ text: 'añb', list: [1, 2] });
      const headers = { 'Content-Type': 'application/json' };
      const answer = await client.ask('/echo', { method: 'POST', headers, body });
      expect(answer.status).to.equal(200);
      expect(Buffer.from(answer.body, 'latin1').toString()).to.equal(body);
      expect(answer.headers['set-cookie']).to.match(/^a=1.*\nb=2/);
      client.close();
    });

    it('drains: the request in flight is answered and the last', async () => {
      const { places, engine, drain } = await serve(name, await makeApp());
      const client = await RawConnection.open(places[0] ?? 0);
      client.send('/slow');
      await until('the request', () => engine.figures.inFlight === 1);
      const drained = drain();
      const answer = await client.answer();
      expect(answer).to.include({ body: '{"slow":true}', closing: true });
      expect(await drained).to.equal(0);
    });
  });
