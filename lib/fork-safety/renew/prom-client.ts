// The app's prom-client, seen from inside a child: every copy of it that is loaded, by `require` or
// `import`. We never load it ourselves: an app without metrics pays nothing.
import { createRequire } from 'node:module';
import { sep } from 'node:path';
import { WeakList } from './weak-list.js';
import type { MetricSnapshot } from '../../protocol/message.js';

/** What we use of a metric of prom-client 10 or newer. */
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
/** An app's collect function may ask a database; a newborn does not wait for it any longer. */
const collectTimeoutMs = 500;

/**
 * For a newborn: what its parent counted stays the parent's. Gauges are left as they are, since one
 * that was set at boot (app_info) holds for the child too.
 */
export async function forgetInheritedCounts(): Promise<void> {
  const counters = registries()
    .flatMap((registry) => registry.getMetricsAsArray())
    .filter(({ type }) => type === 'counter' || type === 'histogram' || type === 'summary');
  // The default counters of CPU time add the difference to the last collection, which was the
  // parent's: the first one in a child throws "It is not possible to decrease a counter", and
  // thereby sets that straight.
  const collections = counters.filter(({ collect }) => collect).map(async (metric) => metric.get());
  await within(collectTimeoutMs, Promise.allSettled(collections));
  for (const metric of counters) metric.reset();
}

/**
 * All metrics of all registries; of several with one name only the first, since a metric can be in
 * more than one registry. Rejects if the app's own collecting fails: the last snapshot then holds.
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

/** Made by the app: nothing but the heap lists them (see fork-safety/captured.ts). */
let known = new WeakList<Registry>();

export function knowRegistries(found: readonly object[]): void {
  known = new WeakList();
  for (const registry of found) if (isRegistry(registry)) known.add(registry);
}

/** The default one of each copy first. A CommonJS module is in this cache even if imported. */
function registries(): Registry[] {
  const { cache } = createRequire(import.meta.url);
  const defaults = Object.entries(cache)
    .filter(([file]) => file.endsWith(suffix))
    .map(([, module]) => registerOf(module?.exports))
    .filter((found) => found !== undefined);
  return [...new Set([...defaults, ...known.alive()])];
}

function registerOf(exports: unknown): Registry | undefined {
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

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Resolves when the promise does, or when the time is over. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
