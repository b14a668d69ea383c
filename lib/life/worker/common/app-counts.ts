// The app's own metrics, for the monitor.
import type { Channel } from '../../../protocol/channel.js';
import type { MetricSnapshot, Order, Report } from '../../../protocol/message.js';
import { snapshotOf } from '../../../protocol/metric-snapshot.js';
import { snapshot } from '../../../fork-safety/renew/prom-client.js';
import { describeFailure } from '../../process/failure.js';

/** null if the app's collectors fail: that is logged, and the last snapshot stays valid. */
export async function appCounts(channel: Channel<Order, Report>): Promise<MetricSnapshot | null> {
  try {
    return (await snapshot()).flatMap((metric) => snapshotOf(metric) ?? []);
  } catch (error) {
    const text = "the app's metrics could not be collected";
    channel.send({ type: 'note', level: 'error', text, ...describeFailure(error) });
    return null;
  }
}
