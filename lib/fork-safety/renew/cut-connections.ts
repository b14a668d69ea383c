// Cuts the app's connections before its process is forked. Two processes writing to one connection
// would mix up the answers of two users, so the connection ends here; the client in every fork
// notices the end and reconnects.
import { native } from '../../system/native.js';
import type { CutConnection } from '../../system/native-types.js';

/** Limit of the connections named in the log. */
const mostNamed = 20;

export interface Cut {
  readonly count: number;
  /** For example 'tcp 127.0.0.1:50312 → 127.0.0.1:6379'; at most 20. */
  readonly connections: string[];
}

/**
 * Cuts all connections but stdio and the descriptors in `keep`; null if there were none. Call it
 * when the event loop will not turn again before the fork.
 */
export function cutConnections(keep: readonly number[]): Cut | null {
  const cut = native.cutConnections(keep);
  if (cut.length === 0) return null;
  return { count: cut.length, connections: cut.slice(0, mostNamed).map(connectionLabel) };
}

/** Both ends of a socket pair, such as the stdio of a child process, are nameless. */
function connectionLabel({ fd, kind, local, peer }: CutConnection): string {
  if (kind === 'pipe') return `pipe at descriptor ${fd}`;
  if (local === '' && peer === '') return `socket pair at descriptor ${fd}`;
  return local === '' ? `${kind} → ${peer}` : `${kind} ${local} → ${peer}`;
}
