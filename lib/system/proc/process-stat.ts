// The parts of /proc/PID/stat that tell a running process from an ended one, and from a later one
// of the same pid (proc_pid_stat(5)).
import { readFileSync } from 'node:fs';

export interface ProcessStat {
  /** A zombie: not reaped yet. */
  readonly hasEnded: boolean;
  /** In clock ticks since boot. */
  readonly startTime: string;
}

/** Throws where there is no such process, or its entry is hidden. */
export function processStat(pid: number): ProcessStat {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name in parentheses may itself hold spaces and parentheses. Field 3, the state, is next.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  if (state === undefined || startTime === undefined)
    throw new Error(`cannot read /proc/${pid}/stat: ${text}`);
  return { hasEnded: state === 'Z', startTime };
}
