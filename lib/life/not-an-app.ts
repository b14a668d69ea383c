// Names exports that cannot be served, and the line to write instead.
import { Server as HttpServer } from 'node:http';
import { Server as NetServer } from 'node:net';
import { factoryBrand } from '../api/app-brands.js';

export type Method = (...args: unknown[]) => unknown;

/** The function at `key`, bound to its object. */
export function method(value: unknown, key: string | symbol): Method | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'function' ? (found.bind(value) as Method) : undefined;
}

const kinds =
  'a request listener (an Express app, a Koa app, a Fastify instance, (req, res) => …), ' +
  '{ fetch }, uws(…) or factory(…)';

interface Unsuitable {
  readonly is: (value: object) => boolean;
  readonly name: string;
  /** The remedy, as a phrase without a full stop. */
  readonly write: string;
}

const has = (...names: string[]): Unsuitable['is'] => {
  return (value) => names.every((name) => method(value, name) !== undefined);
};

/** In order of precedence: servers of other libraries have methods of the ones above them. */
const table: readonly Unsuitable[] = [
  {
    is: (value) => value instanceof NetServer && value.listenerCount('request') > 0,
    name: 'a server',
    write:
      "export its request listener instead, `export default server.listeners('request')[0]`, " +
      'and remove listen(): pitchfork-ts has the server',
  },
  {
    is: (value) => value instanceof HttpServer,
    name: 'a server without a request listener',
    write: `export ${kinds}`,
  },
  {
    is: (value) => value instanceof NetServer,
    name: 'a server of node:net',
    write: `only HTTP is served: export ${kinds}`,
  },
  {
    is: has('getHttpAdapter', 'init'),
    name: 'a Nest application',
    write:
      'export default factory(async () => { const app = await NestFactory.create(AppModule); ' +
      'await app.init(); return app.getHttpAdapter().getInstance(); }), and remove listen()',
  },
  {
    is: has('prepare', 'getRequestHandler'),
    name: 'a Next.js app',
    write:
      'export default factory(async () => { await app.prepare(); return app.getRequestHandler(); ' +
      '}), and remove listen()',
  },
  {
    is: has('executeOperation', 'start', 'stop'),
    name: 'an Apollo Server',
    write: 'export the Express or Fastify app that has its middleware (expressMiddleware(server))',
  },
  {
    is: (value) => 'sockets' in value && has('attach', 'of', 'emit')(value),
    name: 'a Socket.IO server',
    write: 'export the request listener of the HTTP server that it is attached to',
  },
  {
    is: (value) => has('route', 'inject', 'initialize')(value) && 'listener' in value,
    name: 'a hapi server',
    write:
      'export default factory(async () => { await server.initialize(); ' +
      "return server.listener.listeners('request')[0]; })",
  },
];

/** The problem with a value that is no app although it may look like one; undefined: none known. */
export function unsuitable(value: unknown): string | undefined {
  if (value === undefined)
    return (
      `has no default export: export the app as default, which is ${kinds}, ` +
      'and remove listen(), which pitchfork-ts calls'
    );
  if (typeof value === 'function') return isClass(value) ? unknownKind(value) : undefined;
  if (typeof value !== 'object' || value === null) return unknownKind(value);
  const found = table.find(({ is }) => is(value));
  return found && `the default export is ${found.name}, not an app: ${found.write}`;
}

export function unknownKind(value: unknown): string {
  return `the default export is ${describe(value)}, which is not an app: export ${kinds}`;
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'function') return 'a class';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (factoryBrand in value) return 'what a factory(…) returned, another factory(…)';
  const name = value.constructor?.name;
  return name && name !== 'Object' ? `an object of class ${name}` : 'an object';
}
