// The number of serving workers at each moment, derived from the log: its lines are in the order of
// the monitor's actions, so no moment is missed between two samples.
import type { LogLine, Server } from './server.js';

const begins = 'ready';
const ends = ['promoting', 'draining', 'killing', 'ended unexpectedly'];

/** The lowest number of serving workers between the end of the boot and the last log line. */
export function lowestCapacity(server: Server): number {
  const lines = server.log();
  const booted = lines.findIndex(({ msg }) => msg === 'all workers are ready');
  const serving = new Set<number>();
  let lowest = Infinity;
  for (const [index, line] of lines.entries()) {
    if (line.role !== 'worker' || line.pid === undefined) continue;
    if (line.msg === begins) serving.add(line.pid);
    else if (ends.includes(line.msg)) serving.delete(line.pid);
    if (index > booted) lowest = Math.min(lowest, serving.size);
  }
  return lowest;
}

/** The index of the first line with this text and these fields; fails if there is none. */
export function placeOf(lines: LogLine[], msg: string, fields: Partial<LogLine> = {}): number {
  const place = lines.findIndex(
    (line) =>
      line.msg === msg && Object.entries(fields).every(([name, value]) => line[name] === value),
  );
  if (place < 0) throw new Error(`no log line "${msg}" ${JSON.stringify(fields)}`);
  return place;
}
