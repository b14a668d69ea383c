// Renews the DNS resolvers (c-ares channels) of a newborn: each keeps random bytes for the ids of
// its next queries, and two processes would send the same ids.
import dns from 'node:dns';
import type { Search } from '../heap/search.js';
import { WeakList } from '../heap/weak-list.js';

/** The part of Node's ResolverBase (lib/internal/dns/utils.js) that is used here. */
interface Resolver {
  getServers(): string[];
  setServers(servers: readonly string[]): void;
}

type AnyFunction = (...args: unknown[]) => unknown;

/** The calls that set up a resolver, besides setServers. */
interface Setup {
  /** timeout, tries and the like. */
  options: unknown[];
  localAddress: unknown[] | null;
}

const base = Object.getPrototypeOf(dns.Resolver.prototype) as Record<string | symbol, unknown>;
/** The method that makes the channel. */
const initialize = Object.getOwnPropertySymbols(base).find(
  (symbol) => symbol.description === 'dns:resolver:initializeHandle',
);
const original = initialize === undefined ? undefined : base[initialize];
const setLocalAddress = base['setLocalAddress'] as AnyFunction;

/** Missing for the default resolver, which is made with Node's default options before the app. */
const setups = new WeakMap<object, Setup>();
const defaultOptions = [-1, 4, 0, 0];

let resolvers = new WeakList<Resolver>();

/** Call once, before the app is loaded. */
export function watchResolvers(): void {
  if (initialize === undefined || typeof original !== 'function') return;
  base[initialize] = function (this: object, ...options: unknown[]): unknown {
    setups.set(this, { options, localAddress: null });
    return Reflect.apply(original as AnyFunction, this, options);
  };
  base['setLocalAddress'] = function (this: object, ...localAddress: unknown[]): unknown {
    const result: unknown = Reflect.apply(setLocalAddress, this, localAddress);
    const setup = setups.get(this);
    if (setup) setup.localAddress = localAddress;
    return result;
  };
}

/** For a mold before it freezes. */
export function resolverSearch(): Search {
  return {
    prototype: base,
    found: (objects) => {
      resolvers = new WeakList();
      for (const object of objects) if (isKnown(object)) resolvers.add(object);
    },
  };
}

/** Runs in a newborn. Queries under way continue on the old channel. */
export function renewResolvers(): void {
  if (typeof original !== 'function') return;
  for (const resolver of resolvers.alive()) {
    const { options, localAddress } = setups.get(resolver) ?? {
      options: defaultOptions,
      localAddress: null,
    };
    const servers = resolver.getServers();
    Reflect.apply(original, resolver, options);
    if (localAddress) Reflect.apply(setLocalAddress, resolver, localAddress);
    // Servers of the system stay subject to changes of resolv.conf.
    if (String(resolver.getServers()) !== String(servers)) resolver.setServers(servers);
  }
}

/** A resolver of unknown options, made before this program's code ran, is left alone. */
function isKnown(object: object): object is Resolver {
  return '_handle' in object && (setups.has(object) || object.constructor === base['constructor']);
}
