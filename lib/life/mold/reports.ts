// A mold's reports to the monitor, over a blocking channel.
import type { Report } from '../../protocol/message.js';
import type { Orders } from '../process/birth.js';
import { exit } from '../process/exit.js';

/** A monitor that cannot be reached is dead, and without it a mold is useless. */
export function send(orders: Orders, report: Report): void {
  try {
    orders.send(report);
  } catch {
    exit(0);
  }
}
