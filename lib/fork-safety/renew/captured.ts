// What libraries captured of their process and keep in objects that the app holds: the pid in
// loggers, the identity of a service's instance. A mold looks for these objects once, and each of
// its newborns corrects them.
import { randomUUID } from 'node:crypto';
import { knowRegistries } from './prom-client.js';
import { instancesOf } from '../heap/instances.js';
import type { LoadedModule } from '../heap/loaded-modules.js';
import { exportsOf } from '../heap/module-exports.js';
import { packageOf } from '../heap/package-of.js';
import { WeakList } from './weak-list.js';

/** From the mold's to the newborn's. */
interface Change {
  readonly fromPid: number;
  readonly toPid: number;
}

type Correct = (object: object, change: Change) => void;

interface Capturing {
  readonly packageName: string;
  readonly file: RegExp;
  /** The objects to correct. */
  readonly find: (exports: Record<string, unknown>) => object[];
  readonly correct: Correct;
}

const capturing: readonly Capturing[] = [
  { packageName: 'pino', file: /\/pino\.js$/, find: loggers, correct: correctLogger },
  {
    packageName: '@opentelemetry/resources',
    file: /\/build\/src\/index\.js$/,
    find: resources,
    correct: correctResource,
  },
  // Counted anew in the newborn by app-registry.ts, which needs to know them in workers too.
  { packageName: 'prom-client', file: /\/index\.js$/, find: registries, correct: () => undefined },
];

let captured: { readonly objects: WeakList<object>; readonly correct: Correct }[] = [];

/** For a mold, before it freezes. All of these packages are CommonJS. */
export async function findCaptured(modules: readonly LoadedModule[]): Promise<void> {
  captured = [];
  for (const module of modules) {
    const known = capturing.find(
      ({ file, packageName }) =>
        file.test(module.file) && packageOf(module.file)?.name === packageName,
    );
    const exports = known && module.kind === 'cjs' ? await exportsOf(module) : undefined;
    if (!known || !exports) continue;
    const objects = new WeakList<object>();
    for (const object of known.find(exports)) objects.add(object);
    captured.push({ objects, correct: known.correct });
  }
}

/** For a newborn, when `process.pid` is its own. */
export function correctCaptured(fromPid: number): void {
  const change = { fromPid, toPid: process.pid };
  instanceIds.clear();
  for (const { objects, correct } of captured)
    for (const object of objects.alive()) correct(object, change);
}

// pino: what all lines of a logger begin with is text that was made when the logger was.

function loggers({ default: pino }: Record<string, unknown>): object[] {
  if (typeof pino !== 'function') return [];
  const bases: object[] = [];
  const bindings = (base: object): object => (bases.push(base), base);
  const destination = { write: (): void => undefined };
  const logger: unknown = Reflect.apply(pino, undefined, [
    { formatters: { bindings } },
    destination,
  ]);
  const prototype: unknown = Object.getPrototypeOf(Object.getPrototypeOf(logger));
  // The base of those that are made later is an object too: { pid, hostname }.
  return isObject(prototype) ? [...bases, ...instancesOf(prototype)] : [];
}

function correctLogger(object: object, { fromPid, toPid }: Change): void {
  if ('pid' in object && object.pid === fromPid) object.pid = toPid;
  for (const symbol of Object.getOwnPropertySymbols(object)) {
    if (symbol.description !== 'pino.chindings') continue;
    const text: unknown = Reflect.get(object, symbol);
    const old = new RegExp(`"pid":${fromPid}(?!\\d)`);
    if (typeof text === 'string') Reflect.set(object, symbol, text.replace(old, `"pid":${toPid}`));
  }
}

// OpenTelemetry: attributes of the process that go with each span and metric.

function resources(exports: Record<string, unknown>): object[] {
  const { Resource, resourceFromAttributes } = exports;
  if (typeof Resource === 'function') return instancesOf(Resource.prototype as object); // 1.x
  if (typeof resourceFromAttributes !== 'function') return [];
  const resource: unknown = Reflect.apply(resourceFromAttributes, undefined, [{}]);
  return instancesOf(Object.getPrototypeOf(resource) as object);
}

/** Resources are merged into others: who had the same identity has the same again. */
const instanceIds = new Map<string, string>();
const drawnId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function correctAttribute(name: unknown, value: unknown, { fromPid, toPid }: Change): unknown {
  if (name === 'process.pid' && value === fromPid) return toPid;
  // One that somebody chose (the name of a pod) is to stay.
  if (name !== 'service.instance.id' || typeof value !== 'string' || !drawnId.test(value))
    return value;
  const id = instanceIds.get(value) ?? randomUUID();
  instanceIds.set(value, id);
  return id;
}

function correctResource(resource: object, change: Change): void {
  for (const field of ['_attributes', '_syncAttributes', '_memoizedAttributes']) {
    const attributes: unknown = Reflect.get(resource, field);
    if (!isObject(attributes)) continue;
    for (const [name, value] of Object.entries(attributes))
      Reflect.set(attributes, name, correctAttribute(name, value, change));
  }
  const raw: unknown = Reflect.get(resource, '_rawAttributes');
  if (!Array.isArray(raw)) return;
  for (const entry of raw as unknown[])
    if (Array.isArray(entry)) entry[1] = correctAttribute(entry[0], entry[1], change);
}

function registries({ Registry }: Record<string, unknown>): object[] {
  if (typeof Registry !== 'function') return [];
  const found = instancesOf(Registry.prototype as object);
  knowRegistries(found);
  return found;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
