// A failure in the form that the monitor logs: a reason in one line, which begins with its place in
// the user's files, and the app's own part of the stack.
import { inspect } from 'node:util';
import { placeOf, titleOf, userFrames } from '../../base/error-text.js';
import { textLength, truncated } from '../../protocol/limits.js';
import { UserError } from '../../base/user-error.js';
import { displayFrame, displayPlace } from '../../config/display-name.js';

export interface Failure {
  /** `app.ts:3:14: TypeError: …`; the unchanged message of a UserError. */
  readonly reason: string;
  /** One frame per line; null if none is the app's. */
  readonly stack: string | null;
}

/** At most as long as the monitor takes. */
export function describeFailure(error: unknown): Failure {
  const { reason, stack } = describe(error);
  return {
    reason: truncated(reason, textLength.line),
    stack: stack && truncated(stack, textLength.stack),
  };
}

function describe(error: unknown): Failure {
  if (error instanceof UserError) return { reason: error.message, stack: null };
  if (!(error instanceof Error)) return { reason: `threw ${inLine(error)}`, stack: null };
  const place = placeOf(error);
  const title = titleOf(error);
  const frames = userFrames(error).map(displayFrame);
  return {
    reason: place ? `${displayPlace(place)}: ${title}` : title,
    stack: frames.length === 0 ? null : frames.join('\n'),
  };
}

const inLine = (value: unknown): string =>
  inspect(value, { breakLength: Infinity, compact: true }).replaceAll('\n', ' ');
