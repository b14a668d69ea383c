// Makes hyperid's generators renewable. Each keeps the random part of its identifiers in a closure,
// out of reach, so the app gets a wrapper that delegates to a generator, and a newborn replaces
// that generator.
import Module from 'node:module';
import { packageOf } from '../heap/package-of.js';
import { WeakList } from '../heap/weak-list.js';

interface Generator {
  (): string;
  readonly uuid: string;
  readonly decode: unknown;
}

type Hyperid = (options?: unknown) => Generator;

const renewable = new WeakList<Generator>();
const renewers = new WeakMap<Generator, () => void>();

type Loader = (module: { exports: unknown }, filename: string) => void;

/** Call once, before the app is loaded. Covers `import` too, since hyperid is CommonJS only. */
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

/** Runs in a newborn. */
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
