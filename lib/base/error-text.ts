// An error in words: its message, its title in one line, and its place in the user's files.
import { fileURLToPath } from 'node:url';

/** Its message; the text of a thrown value that is not an Error. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** With the stack, where there is one. */
export const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** Such as 'ENOENT'; '' where it has none. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** Longer titles are truncated: they end up in log lines and on a terminal. */
const maxTitleLength = 1_000;

/** Name, message and causes in one line: `TypeError: fetch failed (cause: Error: ECONNREFUSED)`. */
export function titleOf(error: Error): string {
  const causes: unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  const known = causes.filter((cause) => cause instanceof Error);
  const message = messageInOneLine(error);
  const title = [
    // jiti puts the name of a parser's error into the message of an Error.
    error.name === 'Error' && /^\w*Error: /.test(message) ? '' : `${error.name}:`,
    message,
    known.length === 0 ? '' : `(cause: ${known.map(briefly).join('; ')})`,
  ];
  const text = title.filter(Boolean).join(' ');
  return text.length > maxTitleLength ? `${text.slice(0, maxTitleLength - 1)}…` : text;
}

/** Without causes of its own: a chain of them may be a circle. */
const briefly = (cause: Error): string => `${cause.name}: ${messageInOneLine(cause)}`;

/** Without the paths that Node and jiti add below: these are places, not part of the message. */
function messageInOneLine(error: Error): string {
  const lines = error.message.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !/^(Require stack:|- \/)/.test(line) && !parsePlace(line))
    .join(' ');
}

export interface Place {
  readonly file: string;
  readonly line: number;
  /** null where V8 names the line only. */
  readonly column: number | null;
}

export interface Frame extends Place {
  /** The function; '' for a module's own code. */
  readonly call: string;
}

/** Stack frames from here are ours: they mean nothing to a user. */
const ownDirectory = fileURLToPath(new URL('..', import.meta.url));

/** The frames of an error's stack that are neither Node's, nor jiti's, nor ours. */
export function userFrames(error: Error): Frame[] {
  const lines = (error.stack ?? '').split('\n');
  return lines.flatMap((line) => {
    const [, call = '', location = ''] =
      /^\s+at (?:async )?(?:(.*?) \()?(.+?)\)?$/.exec(line) ?? [];
    const place = parsePlace(location);
    const isUsers =
      place && !place.file.startsWith(ownDirectory) && !place.file.includes('/node_modules/jiti/');
    return isUsers ? [{ call, ...place }] : [];
  });
}

/**
 * The place in the user's files that an error is about. A syntax error has it above its stack (from
 * V8) or in its message (from jiti); any other error is where it was thrown, or where a package was
 * called that threw it. Undefined where there is none.
 */
export function placeOf(error: Error): Place | undefined {
  const [first = ''] = (error.stack ?? '').split('\n');
  const frames = userFrames(error);
  return (
    parsePlace(first) ??
    error.message.split('\n').map(parsePlace).find(Boolean) ??
    frames.find(({ file }) => !file.includes('/node_modules/')) ??
    frames[0]
  );
}

/** Of a text that is the path or URL of a file with a line; undefined for any other text. */
function parsePlace(text: string): Place | undefined {
  const match = /^\s*(file:\/\/)?(\/.+?):(\d+)(?::(\d+))?\s*$/.exec(text);
  const [, scheme, path = '', line, column] = match ?? [];
  if (line === undefined) return undefined;
  return {
    file: scheme === undefined ? path : fileURLToPath(scheme + path),
    line: Number(line),
    column: column === undefined ? null : Number(column),
  };
}
