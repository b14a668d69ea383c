// The orders that workers and the service worker obey in the same way.
import { workerState } from '../../../api/worker-handle.js';
import type { InFlightRequest } from '../../../engines/in-flight-request.js';
import type { Channel } from '../../../protocol/channel.js';
import type { Order, Report } from '../../../protocol/message.js';
import { native } from '../../../system/native.js';
import { unreachable } from '../../../base/unreachable.js';
import { appCounts } from './app-counts.js';
import { trace } from './trace.js';

export type WorkerChannel = Channel<Order, Report>;

export function obeyCommon(
  order: Order,
  channel: WorkerChannel,
  inFlight: () => Iterable<InFlightRequest>,
): void {
  switch (order.type) {
    case 'announceStop':
      workerState.shuttingDown = true;
      return;
    case 'collectGarbage':
      return native.collectGarbage();
    case 'trace':
      return channel.send({ type: 'traced', ...trace(inFlight()) });
    case 'measure':
      return void measure(order.request, channel);
    case 'boot':
    case 'spawn':
    case 'retire':
    case 'promote':
    case 'drain':
    case 'exercise':
      return; // For molds, or handled by the caller.
    default:
      return unreachable(order);
  }
}

async function measure(request: number, channel: WorkerChannel): Promise<void> {
  channel.send({ type: 'measured', request, metrics: await appCounts(channel) });
}
