// Standard output, with writes that never block.
import { errorCode } from '../../base/error-text.js';
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { native } from '../../system/native.js';

const stdout = 1;
/** A unix stream socket takes a message of this size whole or not at all. */
const maxMessageBytes = 4096;

/**
 * Returns the number of bytes written: 0 if there is no room. Throws if writing is impossible.
 */
export type Write = (bytes: Buffer) => number;

export function openOutlet(): Write {
  const kind = fstatSync(stdout);
  if (kind.isSocket()) return unlessFull(sendSome);
  // The pipe is shared with our children and our parent: O_NONBLOCK on the shared open file
  // description would affect them too, and Node resets it whenever a child exits. So we open our
  // own. (Not for a file: there the shared position keeps our lines and a child's output from
  // overwriting each other, and a write hardly ever blocks.)
  const fd = kind.isFIFO() || kind.isCharacterDevice() ? reopen() : stdout;
  return unlessFull((bytes) => writeSync(fd, bytes));
}

function reopen(): number {
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync(`/proc/self/fd/${stdout}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    // No /proc, another user's terminal, or no reader.
    return stdout;
  }
}

function sendSome(bytes: Buffer): number {
  const part = wholeCharacters(bytes, maxMessageBytes);
  native.send(stdout, part.toString(), []);
  return part.length;
}

/** The longest prefix of UTF-8 text of at most `limit` bytes that splits no character. */
function wholeCharacters(bytes: Buffer, limit: number): Buffer {
  const isContinuation = (at: number) => ((bytes[at] ?? 0) & 0xc0) === 0x80;
  let end = Math.min(bytes.length, limit);
  while (end > 0 && end < bytes.length && isContinuation(end)) end--;
  return bytes.subarray(0, end);
}

function unlessFull(write: Write): Write {
  return (bytes) => {
    try {
      return write(bytes);
    } catch (error) {
      if (errorCode(error) === 'EAGAIN') return 0;
      throw error;
    }
  };
}
