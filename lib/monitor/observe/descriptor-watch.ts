// Watches for processes that are out of descriptors: neither their engine nor Node reports that.
// libuv closes the connections it cannot take, and uWebSockets.js leaves them waiting.
import type { Role } from '../../api/hooks.js';
import { areExhausted, descriptorsOf, type Descriptors } from '../../system/proc/descriptors.js';
import type { Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import { all } from '../fleet/queries.js';
import type { Log } from '../log/log.js';
import { fieldsOf } from '../log/report-lines.js';

const lookMs = 3_000;
/** One warning in this time, whatever the number of processes. */
const warnEveryMs = 60_000;

export interface DescriptorWatchParts {
  readonly fleet: Fleet;
  readonly log: Log;
  /** Called at each look, for each process that is out of descriptors. */
  readonly exhausted: (role: 'monitor' | Role) => void;
}

interface Exhausted {
  /** null: the monitor. */
  readonly child: Child | null;
  readonly descriptors: Descriptors;
}

/** Returns a function that ends the watch. */
export function watchDescriptors({ fleet, log, exhausted }: DescriptorWatchParts): () => void {
  let warnedAt = -Infinity;
  const look = (): void => {
    const found = findExhausted(fleet);
    for (const { child } of found) exhausted(child?.role ?? 'monitor');
    const [first] = found;
    if (!first || performance.now() - warnedAt < warnEveryMs) return;
    warnedAt = performance.now();
    const fields = first.child ? fieldsOf(first.child) : {};
    log.warn({ ...fields, ...first.descriptors, others: found.length - 1 }, textOf(first));
  };
  const timer = setInterval(look, lookMs);
  return () => clearInterval(timer);
}

/** The monitor first: without descriptors it cannot read those of others. */
function findExhausted(fleet: Fleet): Exhausted[] {
  return [null, ...all(fleet)].flatMap((child) => {
    const pid = child ? child.pid : 'self';
    const descriptors = pid === null ? undefined : descriptorsOf(pid);
    return descriptors && areExhausted(descriptors) ? [{ child, descriptors }] : [];
  });
}

const effects: Readonly<Record<'monitor' | Role, string>> = {
  monitor: 'no process can be started',
  mold: 'no worker can be forked',
  worker: 'connections are turned away',
  service: 'it cannot connect or open files',
};

function textOf({ child, descriptors: { open, limit } }: Exhausted): string {
  const effect = effects[child?.role ?? 'monitor'];
  return (
    `out of descriptors (${open} of ${limit} in use): ${effect}; ` +
    'raise LimitNOFILE or ulimit -n'
  );
}
