// What keeps this process busy, for an operator: what Node waits for, and the requests that the app
// has not answered. Its JavaScript stack is not part of it: whoever can answer runs none.
import type { InFlightRequest } from '../../engines/request-deadline.js';
import type { TracedRequest } from '../../protocol/message.js';

const mostRequests = 20;

export interface Trace {
  /** How many there are of each type, as `process.getActiveResourcesInfo` names them. */
  readonly resources: Record<string, number>;
  /** The oldest first. */
  readonly requests: TracedRequest[];
}

export function trace(running: Iterable<InFlightRequest>): Trace {
  const resources: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) resources[type] = (resources[type] ?? 0) + 1;
  const requests = [...running]
    .sort((a, b) => a.startedAt - b.startedAt)
    .slice(0, mostRequests)
    .map(({ method, url, startedAt }) => ({
      method,
      url: url.split('?')[0] ?? '',
      ageMs: Math.round(performance.now() - startedAt),
    }));
  return { resources, requests };
}
