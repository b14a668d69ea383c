// A histogram of request durations that costs a worker next to nothing: an array of counts, sent
// with each heartbeat and summed by the monitor.

/** Upper bounds in seconds (prom-client's defaults, finer at the fast end). */
export const latencyBoundsSeconds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/**
 * `counts[i]`: the requests up to `latencyBoundsSeconds[i]`, above the bound before it; the last
 * count: those above all bounds.
 */
export interface Latency {
  counts: number[];
  sumSeconds: number;
}

export function emptyLatency(): Latency {
  return { counts: new Array<number>(latencyBoundsSeconds.length + 1).fill(0), sumSeconds: 0 };
}

export function observe(latency: Latency, seconds: number): void {
  let bucket = 0;
  while (
    bucket < latencyBoundsSeconds.length &&
    seconds > (latencyBoundsSeconds[bucket] ?? Infinity)
  )
    bucket++;
  latency.counts[bucket] = (latency.counts[bucket] ?? 0) + 1;
  latency.sumSeconds += seconds;
}

export function addLatency(total: Latency, part: Latency): Latency {
  return {
    counts: total.counts.map((count, bucket) => count + (part.counts[bucket] ?? 0)),
    sumSeconds: total.sumSeconds + part.sumSeconds,
  };
}
