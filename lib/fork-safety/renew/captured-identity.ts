// Corrects the process identity that libraries copied into objects of the app: the pid in loggers,
// the instance id in OpenTelemetry resources. A mold finds these objects once; each of its newborns
// corrects them.
import { randomUUID } from 'node:crypto';
import { isRecord } from '../../base/is-record.js';
import type { LoadedModule } from '../heap/loaded-modules.js';
import { exportsOf } from '../heap/module-exports.js';
import { packageOf } from '../heap/package-of.js';
import type { Search } from '../heap/search.js';
import { WeakList } from '../heap/weak-list.js';
import { forgetRegistries, rememberRegistries } from './prom-client.js';

interface PidChange {
  /** The mold's pid. */
  readonly from: number;
  /** The newborn's pid. */
  readonly to: number;
}

type Correct = (object: object, change: PidChange) => void;

/** The objects to correct: the live instances of a class, and others. */
interface Captors {
  readonly prototype: object;
  readonly others?: readonly object[];
}

interface CapturingPackage {
  readonly packageName: string;
  readonly file: RegExp;
  readonly captors: (exports: Record<string, unknown>) => Captors | undefined;
  readonly correct: Correct;
  /** Further use of the objects. */
  readonly found?: (objects: readonly object[]) => void;
}

const capturingPackages: readonly CapturingPackage[] = [
  { packageName: 'pino', file: /\/pino\.js$/, captors: loggers, correct: correctLogger },
  {
    packageName: '@opentelemetry/resources',
    file: /\/build\/src\/index\.js$/,
    captors: resources,
    correct: correctResource,
  },
  // Only found here: prom-client.ts resets the counts, and needs the registries in workers too.
  {
    packageName: 'prom-client',
    file: /\/index\.js$/,
    captors: registries,
    correct: () => undefined,
    found: rememberRegistries,
  },
];

let captured: { readonly objects: WeakList<object>; readonly correct: Correct }[] = [];

/** For a mold before it freezes, one search per loaded copy. All of these packages are CommonJS. */
export async function capturedIdentity(modules: readonly LoadedModule[]): Promise<Search[]> {
  captured = [];
  forgetRegistries();
  const searches: Search[] = [];
  for (const module of modules) {
    const known = capturingPackages.find(
      ({ file, packageName }) =>
        file.test(module.file) && packageOf(module.file)?.name === packageName,
    );
    const exports = known && module.kind === 'cjs' ? await exportsOf(module) : undefined;
    const captors = exports && known?.captors(exports);
    if (known && captors) searches.push(searchFor(known, captors));
  }
  return searches;
}

function searchFor({ correct, found }: CapturingPackage, captors: Captors): Search {
  const { prototype, others = [] } = captors;
  return {
    prototype,
    found: (instances) => {
      const objects = new WeakList<object>();
      for (const object of [...others, ...instances]) objects.add(object);
      captured.push({ objects, correct });
      found?.(instances);
    },
  };
}

/** Runs in a newborn once `process.pid` is its own. */
export function correctCapturedIdentity(moldPid: number): void {
  const change = { from: moldPid, to: process.pid };
  instanceIds.clear();
  for (const { objects, correct } of captured)
    for (const object of objects.alive()) correct(object, change);
}

// pino: each line of a logger starts with text that was serialised when the logger was created.

function loggers({ default: pino }: Record<string, unknown>): Captors | undefined {
  if (typeof pino !== 'function') return undefined;
  const bases: object[] = [];
  const bindings = (base: object): object => (bases.push(base), base);
  const destination = { write: (): void => undefined };
  const logger: unknown = Reflect.apply(pino, undefined, [
    { formatters: { bindings } },
    destination,
  ]);
  const prototype: unknown = Object.getPrototypeOf(Object.getPrototypeOf(logger));
  // Later loggers start from a shared base object, { pid, hostname }, so that is corrected as well.
  return isRecord(prototype) ? { prototype, others: bases } : undefined;
}

function correctLogger(object: object, { from, to }: PidChange): void {
  if ('pid' in object && object.pid === from) object.pid = to;
  for (const symbol of Object.getOwnPropertySymbols(object)) {
    if (symbol.description !== 'pino.chindings') continue;
    const text: unknown = Reflect.get(object, symbol);
    const old = new RegExp(`"pid":${from}(?!\\d)`);
    if (typeof text === 'string') Reflect.set(object, symbol, text.replace(old, `"pid":${to}`));
  }
}

// OpenTelemetry: process attributes that are attached to every span and metric.

function resources(exports: Record<string, unknown>): Captors | undefined {
  const { Resource, resourceFromAttributes } = exports;
  if (typeof Resource === 'function') return { prototype: Resource.prototype as object }; // 1.x
  if (typeof resourceFromAttributes !== 'function') return undefined;
  const resource: unknown = Reflect.apply(resourceFromAttributes, undefined, [{}]);
  return { prototype: Object.getPrototypeOf(resource) as object };
}

/** New instance ids by old ones: merged resources share an id, and share the new one too. */
const instanceIds = new Map<string, string>();
const randomId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function correctAttribute(name: unknown, value: unknown, { from, to }: PidChange): unknown {
  if (name === 'process.pid' && value === from) return to;
  // A configured id, such as the name of a pod, is kept.
  if (name !== 'service.instance.id' || typeof value !== 'string' || !randomId.test(value))
    return value;
  const id = instanceIds.get(value) ?? randomUUID();
  instanceIds.set(value, id);
  return id;
}

function correctResource(resource: object, change: PidChange): void {
  for (const field of ['_attributes', '_syncAttributes', '_memoizedAttributes']) {
    const attributes: unknown = Reflect.get(resource, field);
    if (!isRecord(attributes)) continue;
    for (const [name, value] of Object.entries(attributes))
      Reflect.set(attributes, name, correctAttribute(name, value, change));
  }
  const raw: unknown = Reflect.get(resource, '_rawAttributes');
  if (!Array.isArray(raw)) return;
  for (const entry of raw as unknown[])
    if (Array.isArray(entry)) entry[1] = correctAttribute(entry[0], entry[1], change);
}

function registries({ Registry }: Record<string, unknown>): Captors | undefined {
  return typeof Registry === 'function' ? { prototype: Registry.prototype as object } : undefined;
}
