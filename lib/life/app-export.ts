// Loads the app and determines its kind once, so that engines need not guess. An export that is not
// an app is an error that names the file, the export and the alternatives.
import type { EngineName } from '../api/config.js';
import { UserError } from '../base/user-error.js';
import { factoryBrand, uwsBrand } from '../api/app-brands.js';
import type { App, FetchHandler, RequestListener, UwsRegister } from '../api/app-types.js';
import { loadModule } from '../config/load-module.js';

const allowed =
  'a request listener (an Express app, a Koa app, a Fastify instance, (req, res) => …), ' +
  '{ fetch }, uws(…) or factory(…)';

/** Rejects with the error of the app's module, or a UserError if its export cannot be served. */
export async function loadApp(file: string, engine: EngineName): Promise<App> {
  const exported = await loadModule(file);
  const app = await recognise(await made(exported), file);
  if (engine === 'node' && app.kind === 'uws')
    throw new UserError(
      `${file}: exports uws(…), which engine "node" cannot serve: ` +
        `set engine: 'uws' in the configuration`,
    );
  if (engine === 'uws' && app.kind === 'listener')
    throw new UserError(
      `${file}: exports a request listener, which engine "uws" cannot serve: ` +
        `set engine: 'node' in the configuration, or export uws(…) or { fetch }`,
    );
  return app;
}

async function made(exported: unknown): Promise<unknown> {
  const make = method(exported, factoryBrand);
  return make ? await make() : exported;
}

async function recognise(exported: unknown, file: string): Promise<App> {
  const register = method(exported, uwsBrand);
  if (register) return { kind: 'uws', register: register as UwsRegister };
  const routing = method(exported, 'routing');
  const ready = method(exported, 'ready');
  if (routing && ready) {
    await ready();
    return listener(routing);
  }
  if (typeof exported === 'function' && !isClass(exported)) return listener(exported);
  const fetch = method(exported, 'fetch');
  if (fetch) return { kind: 'fetch', fetch: fetch as FetchHandler };
  const callback = method(exported, 'callback');
  if (callback) {
    const made = callback();
    if (typeof made === 'function') return listener(made);
  }
  throw new UserError(
    `${file}: the default export is ${describe(exported)}, which is not an app: export ${allowed}`,
  );
}

type Method = (...args: unknown[]) => unknown;

function listener(method: Method | object): App {
  return { kind: 'listener', listener: method as RequestListener };
}

/** The function at `key`, bound to its object. */
function method(value: unknown, key: string | symbol): Method | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'function' ? (found.bind(value) as Method) : undefined;
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (typeof value === 'function') return 'a class';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (factoryBrand in value) return 'what a factory(…) returned, another factory(…)';
  const name = value.constructor?.name;
  if (name === 'Server') return 'a server, which this package provides';
  return name && name !== 'Object' ? `an object of class ${name}` : 'an object';
}
