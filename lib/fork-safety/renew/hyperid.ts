// hyperid keeps the random part of its identifiers in the closure of each generator. So its
// generators are made renewable as they are made: each that an app gets delegates to one that a
// newborn replaces.
import Module from 'node:module';
import { packageOf } from '../heap/package-of.js';
import { WeakList } from './weak-list.js';

interface Generator {
  (): string;
  readonly uuid: string;
  readonly decode: unknown;
}

type Hyperid = (options?: unknown) => Generator;

const renewable = new WeakList<Generator>();
const renewers = new WeakMap<Generator, () => void>();

type Loader = (module: { exports: unknown }, filename: string) => void;

/** To be called once, before the app is loaded. Holds for `import` too: it is CommonJS only. */
export function watchHyperid(): void {
  const { _extensions: extensions } = Module as unknown as { _extensions: Record<string, Loader> };
  const load = extensions['.js'];
  if (!load) throw new Error('Node has no loader of CommonJS modules');
  extensions['.js'] = function (this: unknown, module, filename) {
    Reflect.apply(load, this, [module, filename]);
    if (!filename.endsWith('/hyperid.js') || typeof module.exports !== 'function') return;
    if (packageOf(filename)?.name === 'hyperid')
      module.exports = renewing(module.exports as Hyperid);
  };
}

/** For a newborn. */
export function renewHyperids(): void {
  for (const generate of renewable.alive()) renewers.get(generate)?.();
}

function renewing(hyperid: Hyperid): Hyperid {
  const make: Hyperid = (options) => {
    let current = hyperid(options);
    const generate = Object.defineProperties(() => current(), {
      uuid: { get: () => current.uuid, enumerable: true, configurable: true },
      decode: { value: current.decode, enumerable: true, configurable: true, writable: true },
    }) as unknown as Generator;
    renewers.set(generate, () => (current = hyperid(options)));
    renewable.add(generate);
    return generate;
  };
  return Object.assign(make, hyperid);
}
