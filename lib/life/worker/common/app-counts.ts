// The app's own metrics, for the monitor, which takes a limited number of them.
import { snapshotBytes } from '../../../protocol/limits.js';
import type { MetricSnapshot } from '../../../protocol/message.js';
import { snapshotOf, type SnapshotMetric } from '../../../protocol/metric-snapshot.js';
import { snapshot } from '../../../fork-safety/renew/prom-client.js';
import { describeFailure } from '../../process/failure.js';
import { note, type NoteChannel } from './notes.js';

/** Room for the rest of the message. */
const metricsBytes = snapshotBytes - 64 * 1024;
/** The longest text of a number, with a comma. */
const valueBytes = 26;

/** Once in a line of forks: each would repeat it at every scrape. */
let warned = false;

/**
 * null if the app's collectors fail, or the metrics are too large: that is logged, and the last
 * snapshot stays valid.
 */
export async function appCounts(channel: NoteChannel): Promise<MetricSnapshot | null> {
  try {
    const metrics = (await snapshot()).flatMap((metric) => snapshotOf(metric) ?? []);
    if (fits(metrics)) return metrics;
    if (!warned)
      note(channel, {
        level: 'warn',
        text: "the app's metrics are too large and left out",
        reason: `more than ${metricsBytes} bytes: drop labels of many values, such as URLs`,
        stack: null,
      });
    warned = true;
  } catch (error) {
    const text = "the app's metrics could not be collected";
    note(channel, { level: 'error', text, ...describeFailure(error) });
  }
  return null;
}

/** Stops at the limit: the whole text of all series can be larger than any string. */
function fits(metrics: readonly SnapshotMetric[]): boolean {
  let left = metricsBytes;
  for (const { series, ...metric } of metrics) {
    left -= Buffer.byteLength(JSON.stringify({ ...metric, values: [] }));
    for (const one of series) {
      left -= Buffer.byteLength(JSON.stringify(one)) + 1 + valueBytes;
      if (left < 0) return false;
    }
  }
  return true;
}
