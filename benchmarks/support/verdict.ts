// The findings of a soak, and whether they pass. A failed request counts as lost unless it was in a
// worker that was killed: then the client's port is among those connected to that worker when it
// was killed. No I/O.
import type { Failure } from '../../spec/support/load.js';

export interface Kill {
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of the clients whose connections the process had accepted. */
  readonly ports: ReadonlySet<number>;
}

/** Ports are used again soon: a failure this long after a kill was another connection's. */
const aftermathMs = 3_000;

export function attribute(
  failed: readonly Failure[],
  kills: readonly Kill[],
): { inside: Failure[]; lost: Failure[] } {
  const wasInside = ({ port, at }: Failure): boolean =>
    port !== null &&
    kills.some((kill) => kill.ports.has(port) && at >= kill.at && at - kill.at < aftermathMs);
  return {
    inside: failed.filter((failure) => wasInside(failure)),
    lost: failed.filter((failure) => !wasInside(failure)),
  };
}

export interface Findings {
  readonly sent: number;
  readonly answered: number;
  /** Failures in all: more than are told one by one, perhaps. */
  readonly failed: number;
  readonly inside: readonly Failure[];
  readonly lost: readonly Failure[];
  readonly kills: number;
  readonly reforks: number;
  readonly phasedRestarts: number;
  readonly hotRestarts: number;
  readonly zombies: number;
  /** Of the monitor. */
  readonly descriptors: readonly [before: number, after: number];
  /** Private memory of the monitor, in bytes. */
  readonly memory: readonly [before: number, after: number];
  /** Other faults at the end, such as a slot without a worker. */
  readonly problems: readonly string[];
}

/**
 * The growth allowed to a monitor: V8 lets its heap grow before it collects. A leak grows with the time
 * that a soak takes.
 */
export const memoryAllowance = 32 * 2 ** 20;

/** Why the soak has failed; nothing when it passed. */
export function objections(found: Findings): string[] {
  const untold = found.failed - found.inside.length - found.lost.length;
  const [descriptorsBefore, descriptorsAfter] = found.descriptors;
  const [memoryBefore, memoryAfter] = found.memory;
  const wrong: [boolean, string][] = [
    [found.answered === 0, 'no request was answered'],
    [found.lost.length > 0, `${found.lost.length} requests were lost`],
    [untold > 0, `${untold} more requests failed than could be looked into`],
    [found.zombies > 0, `${found.zombies} zombies are left`],
    [
      descriptorsAfter !== descriptorsBefore,
      `the monitor has ${descriptorsAfter} descriptors, not ${descriptorsBefore} as before`,
    ],
    [memoryAfter - memoryBefore > memoryAllowance, 'the monitor has grown too much'],
    [found.reforks + found.phasedRestarts === 0, 'nothing was rolled out'],
  ];
  return [...wrong.flatMap(([is, what]) => (is ? [what] : [])), ...found.problems];
}
