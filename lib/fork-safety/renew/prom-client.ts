// The app's prom-client in a child process: every copy loaded by `require` or `import`. It is never
// loaded from here, so an app without metrics pays nothing.
import { createRequire } from 'node:module';
import { sep } from 'node:path';
import { isRecord } from '../../base/is-record.js';
import { settlesWithin } from '../../base/settles-within.js';
import type { MetricSnapshot } from '../../protocol/message.js';
import { WeakList } from '../heap/weak-list.js';

/** The part of a metric that is used here; prom-client 10 or later. */
interface Metric {
  readonly type: string;
  readonly collect?: unknown;
  get(): unknown;
  reset(): void;
}

interface Registry {
  getMetricsAsArray(): Metric[];
  getMetricsAsJSON(): unknown;
}

const suffix = ['', 'prom-client', 'index.js'].join(sep);
/** Limit for a newborn's first collection: an app's collect function may query a database. */
const collectTimeoutMs = 500;

/**
 * Runs in a newborn: counts of the parent remain the parent's. Gauges are kept, since a value set
 * at boot (app_info) applies to the child too.
 */
export async function forgetInheritedCounts(): Promise<void> {
  const counters = registries()
    .flatMap((registry) => registry.getMetricsAsArray())
    .filter(({ type }) => type === 'counter' || type === 'histogram' || type === 'summary');
  // The default counters of CPU time add the difference since the last collection, which was the
  // parent's: the first collection in a child throws "It is not possible to decrease a counter",
  // and thereby corrects the base value.
  const collections = counters.filter(({ collect }) => collect).map(async (metric) => metric.get());
  await settlesWithin(Promise.allSettled(collections), collectTimeoutMs);
  for (const metric of counters) metric.reset();
}

/**
 * All metrics of all registries in the form of getMetricsAsJSON(), each name once, since a metric
 * can be in several registries. Rejects if a collect function of the app fails; the previous
 * snapshot then stays valid.
 */
export async function snapshot(): Promise<MetricSnapshot> {
  const parts = await Promise.all(registries().map((registry) => registry.getMetricsAsJSON()));
  const byName = new Map<unknown, unknown>();
  for (const metric of parts.flatMap((part): unknown[] => (Array.isArray(part) ? part : []))) {
    const name = isRecord(metric) ? metric['name'] : undefined;
    if (!byName.has(name)) byName.set(name, metric);
  }
  return [...byName.values()];
}

/** Registries created by the app, which only the heap lists (captured-identity.ts). */
let appRegistries = new WeakList<Registry>();

/** Those of one copy of prom-client, in addition to those of others. */
export function rememberRegistries(found: readonly object[]): void {
  for (const registry of found) if (isRegistry(registry)) appRegistries.add(registry);
}

export function forgetRegistries(): void {
  appRegistries = new WeakList();
}

/** Default registries first. A CommonJS module is in this cache even if it was imported. */
function registries(): Registry[] {
  const { cache } = createRequire(import.meta.url);
  const defaults = Object.entries(cache)
    .filter(([file]) => file.endsWith(suffix))
    .map(([, module]) => defaultRegistryOf(module?.exports))
    .filter((found) => found !== undefined);
  return [...new Set([...defaults, ...appRegistries.alive()])];
}

function defaultRegistryOf(exports: unknown): Registry | undefined {
  const register = isRecord(exports) ? exports['register'] : undefined;
  return isRegistry(register) ? register : undefined;
}

function isRegistry(found: unknown): found is Registry {
  return (
    isRecord(found) &&
    typeof found['getMetricsAsArray'] === 'function' &&
    typeof found['getMetricsAsJSON'] === 'function'
  );
}
