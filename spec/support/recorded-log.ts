// A log that records its lines, for specs of single parts of the monitor.
import type { Log } from '../../lib/monitor/log/log.js';

export interface RecordedLine {
  readonly level: string;
  readonly text: string;
  readonly fields: object;
}

export interface RecordedLog extends Log {
  readonly lines: readonly RecordedLine[];
  texts(): string[];
}

export function recordedLog(): RecordedLog {
  const lines: RecordedLine[] = [];
  const write = (level: string) => (fields: object, text: string) =>
    void lines.push({ level, text, fields });
  return {
    lines,
    texts: () => lines.map(({ text }) => text),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    flush: () => undefined,
    reopen: () => false,
    dropped: () => 0,
  };
}
