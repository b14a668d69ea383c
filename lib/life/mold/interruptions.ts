// Lets a process that freezes notice, between two long steps, that it is no longer wanted: by a
// signal, or by an order that would otherwise wait until it is a mold.
import { native } from '../../system/native.js';
import type { Orders } from '../process/birth.js';
import { exit } from '../process/exit.js';
import { checkPhase } from '../process/quiescence.js';
import { send } from './reports.js';

/** Below this, a step takes less than a second. */
const largeHeapBytes = 256 * 1024 * 1024;

/** Exits if it is no longer wanted. `next` is the step that follows, for the log. */
export async function heedInterruptions(orders: Orders, next: string): Promise<void> {
  // A turn of the event loop handles signals.
  await checkPhase();
  while (orders.unread.bytes.length > 0 || native.isReadable(orders.fd)) {
    const delivery = orders.receive();
    if (delivery === undefined) await checkPhase();
    else if (delivery === null || ['drain', 'retire'].includes(delivery.message.type)) exit(0);
  }
  const { heapUsed } = process.memoryUsage();
  if (heapUsed < largeHeapBytes) return;
  const text = `freezing: ${next} ${Math.round(heapUsed / 1024 / 1024)} MiB of heap`;
  send(orders, { type: 'note', level: 'info', text, stack: null });
}
