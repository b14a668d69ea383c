// Goal: every kind of app is recognised, whatever its module's format; any other export is refused
// with the name of its kind and the line to write. Method: real modules, the fixtures and some written here.
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { UserError } from '../../lib/base/user-error.js';
import type { App } from '../../lib/api/app-types.js';
import { loadApp } from '../../lib/life/app-export.js';
import { scratch } from '../support/scratch.js';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../spec/fixtures/apps/${name}`, import.meta.url));

const directory = scratch();
const written = (name: string, text: string): Promise<App> =>
  loadApp(directory.write(name, text), 'node');

/** The app's answer to GET /. */
async function answer(app: App): Promise<string> {
  if (app.kind === 'fetch') return (await app.fetch(new Request('http://host/'))).text();
  if (app.kind === 'uws') throw new Error('not without its engine');
  const server = createServer(app.listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const response = await fetch(`http://127.0.0.1:${port(server)}/`);
    return await response.text();
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function port(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('loadApp', () => {
  const names = ['plain.mjs', 'plain-ts.ts', 'cjs.cjs', 'express.mjs', 'fastify.mjs', 'koa.mjs'];
  for (const name of names)
    it(`makes a listener of ${name}`, async () => {
      const app = await loadApp(fixture(name), 'node');
      expect(app.kind).to.equal('listener');
      expect(JSON.parse(await answer(app))).to.include({ pid: process.pid });
    });

  it('leaves Web-standard apps to either engine', async () => {
    for (const engine of ['node', 'uws'] as const) {
      const app = await loadApp(fixture('hono.mjs'), engine);
      expect(app.kind).to.equal('fetch');
      expect(JSON.parse(await answer(app))).to.include({ pid: process.pid });
    }
  });

  it('recognises uws(…)', async () => {
    const app = await loadApp(fixture('uws.mjs'), 'uws');
    expect(app.kind === 'uws' && typeof app.register).to.equal('function');
  });

  it('serves each fixture without a thread left behind', async () => {
    const threads = (): number => readdirSync('/proc/self/task').length;
    const before = threads();
    for (const name of [...names, 'hono.mjs']) await loadApp(fixture(name), 'node');
    expect(threads()).to.equal(before);
  });

  const apps: [string, string][] = [
    ['default.mjs', `export default (q, s) => s.end('hello');`],
    ['exports.cjs', `module.exports = (q, s) => s.end('hello');`],
    ['compiled.cjs', `exports.__esModule = true; exports.default = (q, s) => s.end('hello');`],
    ['exports.cts', `module.exports = (q: unknown, s: any) => s.end('hello');`],
    ['promise.mjs', `export default Promise.resolve((q, s) => s.end('hello'));`],
    ['callback.mjs', `export default { callback: () => (q, s) => s.end('hello') };`],
    ['this.mjs', `export default { word: 'hello', fetch() { return new Response(this.word); } };`],
    [
      'routing.mjs',
      `let word = 'not ready';
       export default { routing: (q, s) => s.end(word), ready: async () => (word = 'hello') };`,
    ],
    [
      'factory.ts',
      `import { factory } from 'pitchfork-ts';
       export default factory(async () => ({ fetch: () => new Response('hello') }));`,
    ],
  ];
  for (const [name, text] of apps)
    it(`loads ${name}`, async () => {
      expect(await answer(await written(name, text))).to.equal('hello');
    });

  const anyKind = 'export a request listener (an Express app';
  const refused: [string, string, ...string[]][] = [
    ['a.mjs', `export const app = 1;`, 'has no default export: export the app', 'remove listen()'],
    ['a.ts', `import 'node:http';`, 'has no default export: export the app', 'remove listen()'],
    ['a2.ts', `export const app = 1;`, 'has no default export: export the app'],
    ['a.cjs', `require('node:http');`, 'has no default export: export the app'],
    ['b.mjs', `export default null;`, 'the default export is null', anyKind],
    ['c.mjs', `export default 5;`, 'the default export is a number', anyKind],
    ['d.mjs', `export default { handler() {} };`, 'the default export is an object', anyKind],
    ['e.mjs', `export default class App {};`, 'the default export is a class', anyKind],
    ['f.mjs', `export default new (class Quest {})();`, 'is an object of class Quest', anyKind],
    [
      'h.ts',
      `import { factory } from 'pitchfork-ts'; export default factory(() => factory(() => 1));`,
      'what a factory(…) returned, another factory(…)',
      anyKind,
    ],
    ['i.mjs', `export default Object.create(null);`, 'the default export is an object', anyKind],
    ['j.mjs', `export default { callback: () => 5 };`, 'the default export is an object', anyKind],
    ...['http', 'https'].map((kind): [string, string, ...string[]] => [
      `${kind}.mjs`,
      `import { createServer } from 'node:${kind}'; export default createServer(() => 0);`,
      'the default export is a server, not an app',
      `export default server.listeners('request')[0]`,
      'remove listen()',
    ]),
    [
      'http2.mjs',
      `import { createServer } from 'node:http2'; export default createServer(() => 0);`,
      `export default server.listeners('request')[0]`,
    ],
    [
      'silent.mjs',
      `import { createServer } from 'node:http'; export default createServer();`,
      'a server without a request listener',
      anyKind,
    ],
    [
      'net.mjs',
      `import { createServer } from 'node:net'; export default createServer();`,
      'a server of node:net, not an app: only HTTP is served',
      anyKind,
    ],
    [
      'nest.mjs',
      `export default { getHttpAdapter() {}, async init() {}, async listen() {} };`,
      'a Nest application, not an app',
      'return app.getHttpAdapter().getInstance()',
    ],
    [
      'next.ts',
      `export default { prepare: async () => 0, getRequestHandler: () => () => 0 };`,
      'a Next.js app, not an app',
      'return app.getRequestHandler()',
    ],
    [
      'apollo.mjs',
      `export default { async executeOperation() {}, async start() {}, async stop() {} };`,
      'an Apollo Server, not an app',
      'expressMiddleware',
    ],
    [
      'socket-io.mjs',
      `export default { sockets: {}, attach() {}, of() {}, emit() {} };`,
      'a Socket.IO server, not an app',
    ],
  ];
  for (const [name, text, ...messages] of refused)
    it(`refuses ${name}: ${messages[0]}`, async () => {
      const error: unknown = await written(name, text).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(UserError);
      expect(String(error)).to.include(`${directory.path}/${name}`);
      for (const message of messages) expect(String(error)).to.include(message);
      expect(String(error)).to.not.include('\n');
    });

  it('serves what the advice about a server says to export', async () => {
    const app = await written(
      'advised.mjs',
      `import { createServer } from 'node:http';
       const server = createServer((q, s) => s.end('hello'));
       export default server.listeners('request')[0];`,
    );
    expect(await answer(app)).to.equal('hello');
  });

  it('names what it waits for', async () => {
    const waits: string[] = [];
    const waiting = {
      async settled<T>(what: string, promise: T): Promise<Awaited<T>> {
        waits.push(what.replace(`${directory.path}/`, ''));
        return await promise;
      },
    };
    const brand = `[Symbol.for('pitchfork-ts.factory')]`;
    const text = `export default { ${brand}: () => ({ routing() {}, ready: async () => 0 }) };`;
    await loadApp(directory.write('waits.mjs', text), 'node', waiting);
    expect(waits).to.deep.equal([
      'waits.mjs: a top-level await, here or in a module that it imports,',
      'waits.mjs: the promise that it exports',
      'waits.mjs: its factory(…)',
      'waits.mjs: its ready()',
    ]);
  });

  it('says which engine an app needs', async () => {
    const reason = async (name: string, engine: 'node' | 'uws') =>
      String(await loadApp(fixture(name), engine).catch((error: unknown) => error));
    expect(await reason('uws.mjs', 'node')).to.include(`set engine: 'uws'`);
    expect(await reason('express.mjs', 'uws')).to.include(`set engine: 'node'`);
  });

  it('lets through what the module, its factory or its ready() throws', async () => {
    const brand = `[Symbol.for('pitchfork-ts.factory')]`;
    for (const text of [
      `throw new TypeError('boom');`,
      `export default { ${brand}: async () => { throw new TypeError('boom'); } };`,
      `export default { routing() {}, ready: async () => { throw new TypeError('boom'); } };`,
    ]) {
      const name = `${text.length}.mjs`;
      const error: unknown = await written(name, text).catch((reason: unknown) => reason);
      expect(error, text).to.be.instanceOf(TypeError);
    }
  });
});
