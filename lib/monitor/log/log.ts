// The monitor's log. It is an aid, never a dependency: a full disk, a closed pipe or a stalled
// reader costs lines, which are counted, but neither ends nor delays the monitor.
import { isatty } from 'node:tty';
import type { Role } from '../../api/hooks.js';
import { isRecord } from '../../base/is-record.js';
import { printable, printableLine } from '../../base/printable.js';
import { pino, stdTimeFunctions, type DestinationStream } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Settings } from '../../config/settings.js';
import { LineWriter } from './line-writer.js';
import { openLogFile } from './log-file.js';
import { isColored } from './is-colored.js';
import { openOutlet } from './outlet.js';

export interface Log {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
  fatal(fields: object, text: string): void;
  /**
   * Writes the buffered lines before it returns, or gives up after a moment: for the last line of
   * a process.
   */
  flush(): void;
  /** Reopens the log file under its path; false if there is none. Throws a UserError. */
  reopen(): boolean;
  /** Lines that could not be written since the start. */
  dropped(): number;
}

/** The fields of every line about a child. */
export interface ChildFields {
  readonly role: Role;
  readonly slot: number | null;
  readonly generation: number;
  readonly phase: number;
  readonly pid: number;
}

/**
 * To a file or standard output. Lines without a role are about the monitor. `dropped` is the
 * predecessor's count. Throws a UserError.
 */
export function createLog(settings: Settings['log'], dropped = 0): Log {
  const file = settings.file === null ? null : openLogFile(settings.file);
  const writer = new LineWriter(file?.write ?? openOutlet());
  const logger = pino(
    {
      level: settings.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (level) => ({ level }),
        log: (fields) =>
          'role' in fields ? fields : { role: 'monitor', pid: process.pid, ...fields },
      },
    },
    isPretty(settings)
      ? pretty(writer, isColored(process.env, settings.file === null && isatty(1)))
      : json(writer),
  );

  return {
    debug: (fields, text) => logger.debug(fields, text),
    info: (fields, text) => logger.info(fields, text),
    warn: (fields, text) => logger.warn(fields, text),
    error: (fields, text) => logger.error(fields, text),
    fatal: (fields, text) => logger.fatal(fields, text),
    flush: () => writer.flush(),
    reopen() {
      file?.reopen();
      return file !== null;
    },
    dropped: () => dropped + writer.dropped,
  };
}

function isPretty({ format, file }: Settings['log']): boolean {
  return format === 'pretty' || (format === 'auto' && file === null && isatty(1));
}

/** JSON escapes C0 only; the rest means the same escaped. */
const json = (writer: LineWriter): DestinationStream => ({
  write: (line) => writer.write(printable(line)),
});

/** In this thread: pino's transports would start a worker thread for it. */
function pretty(writer: LineWriter, colorize: boolean): DestinationStream {
  const format = prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    ignore: 'stack',
  });
  return {
    write(line) {
      const fields = readPrintable(line);
      writer.write(format(fields) + stackLines(fields['stack']));
    },
  };
}

/** Before colours are added, which are control characters too. Only stacks have several lines. */
function readPrintable(line: string): Record<string, unknown> {
  const read: unknown = JSON.parse(line, (name, value: unknown) => {
    if (typeof value === 'string')
      return name === 'stack' ? printable(value) : printableLine(value);
    if (!isRecord(value) || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, it]) => [printableLine(key), it]));
  });
  return isRecord(read) ? read : {};
}

/** A frame a line, indented. */
function stackLines(stack: unknown): string {
  if (typeof stack !== 'string') return '';
  return stack
    .split('\n')
    .map((frame) => `    ${frame.trim()}\n`)
    .join('');
}
