// The time of a line in the monitor's log.
import type { LogLine } from './server.js';

/** Wall-clock milliseconds. */
export const timeOf = (line: LogLine | undefined): number => Date.parse(String(line?.['time']));
