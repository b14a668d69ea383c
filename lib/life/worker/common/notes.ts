// Lines for the log from a worker, at a pace that the monitor accepts: a hook that fails at every
// request must not flood the log, or cost the worker its channel.
import type { Channel } from '../../../protocol/channel.js';
import type { Order, Report, ReportOf } from '../../../protocol/message.js';

export type NoteChannel = Pick<Channel<Order, Report>, 'send'>;

export type Note = Omit<ReportOf<'note'>, 'type'>;

/** Well within the monitor's budget (lib/protocol/budget.ts). */
const burst = 100;
const perSecond = 10;

let left = burst;
let at = performance.now();
let omitted = 0;

/** Leaves the note out if there were too many; the next one is preceded by their number. */
export function note(channel: NoteChannel, said: Note): void {
  const now = performance.now();
  left = Math.min(burst, left + (Math.max(0, now - at) / 1000) * perSecond);
  at = now;
  if (left < 1) return void omitted++;
  left--;
  if (omitted > 0) {
    const text = `${omitted} more lines of this kind were left out`;
    channel.send({ type: 'note', level: 'warn', text, stack: null });
  }
  omitted = 0;
  channel.send({ type: 'note', ...said });
}
