// Cuts a mold's connections to the app's peers: two processes must not share one.
import { cutConnections } from '../../fork-safety/renew/cut-connections.js';
import type { Orders } from '../process/birth.js';
import { send } from './reports.js';

/** `held` are descriptors that came with an order. */
export function cutPeers(orders: Orders, held: readonly number[] = []): void {
  const cut = cutConnections([...orders.fds, ...held]);
  if (cut) send(orders, { type: 'cut', ...cut });
}
