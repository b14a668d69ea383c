// Limits of what a child may send. A child keeps to them; one that does not is cut off by the
// monitor, since its app may have taken hold of the channel.
import type { LineLimit } from './lines.js';

/** Any message but those with the app's metrics; the largest is an answer to `backtrace`. */
export const messageBytes = 512 * 1024;
/** The app's metrics in one message: some 20,000 series. */
export const snapshotBytes = 4 * 1024 * 1024;

/** As JSON.stringify writes the messages with metrics: their type comes first. */
const measured = '{"type":"measured"';
const last = ['{"type":"drained"', '{"type":"leaving"'];

/** Length of the longest beginning above. */
export const startBytes = measured.length;

/** Of metrics that are too large, only these are lost; any other message is a breach. */
export function limitOf(start: Buffer): LineLimit {
  const text = start.toString('latin1');
  if (text === measured) return { bytes: snapshotBytes, beyond: 'skip' };
  return {
    bytes: last.some((beginning) => text.startsWith(beginning)) ? snapshotBytes : messageBytes,
    beyond: 'breach',
  };
}

/** Of text in a message: longer ones are truncated by both sides. */
export const textLength = { name: 200, line: 2_000, url: 2_000, stack: 16_000 } as const;

export function truncated(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
