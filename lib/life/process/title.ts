// The titles of molds, workers and service workers in `ps`. Setting one takes less than a
// microsecond: it overwrites the command line of this process, or of the one it was forked from.
import { printableLine } from '../../base/printable.js';
import { pathOf, type InFlightRequest } from '../../engines/in-flight-request.js';

/** A longer path would not fit into the space that the monitor reserves for the title. */
const maxPathLength = 100;

export function entitleMold(generation: number, state: 'starting...' | 'ready'): void {
  entitle(`(gen:${generation}) mold - ${state}`);
}

export function entitleService(generation: number): void {
  entitle(`(gen:${generation}) service`);
}

export function entitleWorker(
  { slot, generation }: { readonly slot: number; readonly generation: number },
  activity: string,
): void {
  entitle(`(gen:${generation}) worker[${slot}] - ${activity}`);
}

/** Paths are chosen by clients, and `ps` prints titles as they are. */
function entitle(text: string): void {
  process.title = printableLine(`pitchfork-ts ${text}`);
}

/** Names the oldest request in flight, without its query, which may hold secrets. */
export function activityOf(requests: number, running: Iterable<InFlightRequest>): string {
  const [oldest] = running;
  if (!oldest) return `requests: ${requests}, waiting`;
  // The engine 'uws' names a request when its handler has returned, unless a timeout or a hook
  // needs its name earlier.
  const name = oldest.method && `: ${oldest.method} ${pathOf(oldest).slice(0, maxPathLength)}`;
  return `requests: ${requests}, processing${name}`;
}
