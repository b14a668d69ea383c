// What the app counts itself, for the monitor.
import type { Channel } from '../channel.js';
import type { MetricSnapshot, Order, Report } from '../message.js';
import { snapshot } from '../metrics/app-registry.js';
import { describe } from './leave.js';

/** null where the app's own collecting fails: that is told, and its last snapshot holds. */
export async function appCounts(channel: Channel<Order, Report>): Promise<MetricSnapshot | null> {
  try {
    return await snapshot();
  } catch (error) {
    const text = `the app's metrics could not be collected: ${describe(error)}`;
    channel.send({ type: 'note', level: 'error', text });
    return null;
  }
}
