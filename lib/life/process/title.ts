// What `ps` shows of a mold, a worker and a service worker. A title is set in less than a
// microsecond, over the command line that the process, or the one it was forked from, was started
// with.
import type { InFlightRequest } from '../../engines/request-deadline.js';

/** Longer ones would not fit the room that the monitor left for the title. */
const maxPathLength = 100;

export function entitleMold(generation: number, state: 'starting...' | 'ready'): void {
  process.title = `pitchfork-ts (gen:${generation}) mold - ${state}`;
}

export function entitleService(generation: number): void {
  process.title = `pitchfork-ts (gen:${generation}) service`;
}

export function entitleWorker(
  { slot, generation }: { readonly slot: number; readonly generation: number },
  activity: string,
): void {
  process.title = `pitchfork-ts (gen:${generation}) worker[${slot}] - ${activity}`;
}

/** With the oldest of the requests that are running; without its query, which may hold secrets. */
export function activityOf(requests: number, running: Iterable<InFlightRequest>): string {
  const [oldest] = running;
  if (!oldest) return `requests: ${requests}, waiting`;
  // The engine 'uws' knows their names only where something else needs them.
  const [path = ''] = oldest.url.split('?');
  const name = oldest.method && `: ${oldest.method} ${path.slice(0, maxPathLength)}`;
  return `requests: ${requests}, processing${name}`;
}
