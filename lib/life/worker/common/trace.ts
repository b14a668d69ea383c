// A snapshot of this process's activity, for operators: the resources that keep Node's event loop
// alive, and the requests in flight. There is no JavaScript stack: a process that can answer is
// running nothing else.
import type { RequestInfo } from '../../../api/hooks.js';
import { requestInfo, type InFlightRequest } from '../../../engines/in-flight-request.js';

const maxRequests = 20;

export interface Trace {
  /** Counts by type, as named by `process.getActiveResourcesInfo`. */
  readonly resources: Record<string, number>;
  /** The oldest first. */
  readonly requests: RequestInfo[];
}

export function trace(running: Iterable<InFlightRequest>): Trace {
  const resources: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) resources[type] = (resources[type] ?? 0) + 1;
  const requests = [...running]
    .sort((a, b) => a.startedAt - b.startedAt)
    .slice(0, maxRequests)
    .map(requestInfo);
  return { resources, requests };
}
