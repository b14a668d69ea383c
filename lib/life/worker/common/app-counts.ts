// The app's own metrics, for the monitor, which takes a limited number of them.
import { isRecord } from '../../../base/is-record.js';
import { snapshotBytes } from '../../../protocol/limits.js';
import type { MetricSnapshot } from '../../../protocol/message.js';
import { snapshot } from '../../../fork-safety/renew/prom-client.js';
import { describeFailure } from '../../process/failure.js';
import { note, type NoteChannel } from './notes.js';

/** Room for the rest of the message. */
const metricsBytes = snapshotBytes - 64 * 1024;

/** Once in a line of forks: each would repeat it at every scrape. */
let warned = false;

/**
 * null if the app's collectors fail, or the metrics are too large: that is logged, and the last
 * snapshot stays valid.
 */
export async function appCounts(channel: NoteChannel): Promise<MetricSnapshot | null> {
  try {
    const metrics = await snapshot();
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
function fits(metrics: MetricSnapshot): boolean {
  let left = metricsBytes;
  for (const metric of metrics) {
    const values = isRecord(metric) ? metric['values'] : undefined;
    const parts: unknown[] = Array.isArray(values) ? values : [];
    for (const part of [{ ...Object(metric), values: [] }, ...parts]) {
      left -= Buffer.byteLength(JSON.stringify(part) ?? '') + 1;
      if (left < 0) return false;
    }
  }
  return true;
}
