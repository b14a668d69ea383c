// A log that keeps its lines, for specs of parts that log.
import type { Log } from '../../lib/monitor/log/log.js';

export interface KeptLog extends Log {
  readonly lines: { readonly text: string; readonly fields: object }[];
}

export function keptLog(): KeptLog {
  const lines: KeptLog['lines'] = [];
  const keep = (fields: object, text: string): void => void lines.push({ text, fields });
  return {
    ...{ lines, debug: keep, info: keep, warn: keep, error: keep, fatal: keep },
    flush: () => undefined,
    reopen: () => false,
    dropped: () => 0,
  };
}
