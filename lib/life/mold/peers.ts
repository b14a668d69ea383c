// Cuts the app's connections in a mold: two processes must not share one.
import { cutConnections } from '../../fork-safety/renew/cut-connections.js';
import type { Orders } from '../process/birth.js';
import { send } from './reports.js';

/** `held`: descriptors received with an order, which stay open. */
export function cutPeers(orders: Orders, held: readonly number[] = []): void {
  const cut = cutConnections([...orders.fds, ...held]);
  if (cut) send(orders, { type: 'cut', ...cut });
}
