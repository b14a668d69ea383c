// The connections that the app holds when its process is about to be forked. Two processes that
// write to one connection would give one user's answer to another: so the connection ends here, and
// every fork's client sees that, and connects anew.
import { native, type CutConnection } from '../../system/native.js';

/** More than these are not named in the log. */
const mostNamed = 20;

export interface Cut {
  readonly count: number;
  /** For example 'tcp 127.0.0.1:50312 → 127.0.0.1:6379'; at most 20 of them. */
  readonly connections: string[];
}

/**
 * All but stdio and `keep`. Null if there was none. Call it where the event loop makes no turn
 * more.
 */
export function cutConnections(keep: readonly number[]): Cut | null {
  const cut = native.cutConnections(keep);
  if (cut.length === 0) return null;
  return { count: cut.length, connections: cut.slice(0, mostNamed).map(describe) };
}

/** A socket pair, such as the pipes to a child process are, has no names. */
function describe({ fd, kind, local, peer }: CutConnection): string {
  if (kind === 'pipe') return `pipe at descriptor ${fd}`;
  if (local === '' && peer === '') return `socket pair at descriptor ${fd}`;
  return local === '' ? `${kind} → ${peer}` : `${kind} ${local} → ${peer}`;
}
