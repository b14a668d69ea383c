import { expect } from 'chai';
import { exitReasons } from '../../lib/control-api/exit-reason.js';
import { emptyLatency, observe } from '../../lib/protocol/latency.js';
import type { MetricsReading } from '../../lib/metrics/scrape-metrics.js';
import { createMetrics } from '../../lib/metrics/registry.js';

function readingWith(part: Partial<MetricsReading>): MetricsReading {
  return {
    generation: 3,
    phase: 0,
    workers: { starting: 0, serving: 2, leaving: 1 },
    requests: 0,
    latency: emptyLatency(),
    inFlight: 0,
    eventLoopLag: [],
    memory: [],
    wanted: 3,
    descriptors: [],
    logLinesDropped: 0,
    appSeriesDropped: 0,
    app: [],
    ...part,
  };
}

const metricsOf = (part: Partial<MetricsReading> = {}) =>
  createMetrics({ read: () => Promise.resolve(readingWith(part)) });

/** Every sample of a Prometheus text; throws on a line that is not one. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const described = new Set<string>();
  for (const line of text.split('\n').filter(Boolean)) {
    if (line.startsWith('#')) {
      const [, kind, name] = line.split(' ');
      const description = `${kind} ${name}`;
      if (described.has(description)) throw new Error(`twice: ${line}`);
      described.add(description);
      continue;
    }
    const match = /^([a-z_]+(?:\{[^}]*\})?) (-?[0-9.e+-]+)$/.exec(line);
    if (!match?.[1]) throw new Error(`not a sample: ${line}`);
    if (samples.has(match[1])) throw new Error(`twice: ${line}`);
    samples.set(match[1], Number(match[2]));
  }
  return samples;
}

describe('createMetrics', () => {
  it('reads the current numbers at each scrape', async () => {
    let requests = 0;
    const metrics = createMetrics({
      read: async () => readingWith({ requests: (requests += 5), inFlight: 2, logLinesDropped: 4 }),
    });
    expect(parse(await metrics.collect()).get('pitchfork_requests_total')).to.equal(5);
    const samples = parse(await metrics.collect());
    expect(samples.get('pitchfork_requests_total')).to.equal(10);
    expect(samples.get('pitchfork_requests_in_flight')).to.equal(2);
    expect(samples.get('pitchfork_generation')).to.equal(3);
    expect(samples.get('pitchfork_phase')).to.equal(0);
    expect(samples.get('pitchfork_workers{state="serving"}')).to.equal(2);
    expect(samples.get('pitchfork_workers{state="starting"}')).to.equal(0);
    expect(samples.get('pitchfork_workers_wanted')).to.equal(3);
    expect(samples.get('pitchfork_log_dropped_total')).to.equal(4);
  });

  it('counts events', async () => {
    const metrics = metricsOf();
    metrics.forked(0.002);
    metrics.forked(5);
    metrics.exited('oom');
    metrics.exited('oom');
    metrics.rolledOut('refork', 'success', 1.5);
    metrics.rolledOut('phased restart', 'failure', 3);
    const samples = parse(await metrics.collect());
    expect(samples.get('pitchfork_fork_duration_seconds_bucket{le="0.0025"}')).to.equal(1);
    expect(samples.get('pitchfork_fork_duration_seconds_count')).to.equal(2);
    expect(samples.get('pitchfork_worker_exits_total{reason="oom"}')).to.equal(2);
    for (const reason of exitReasons.filter((one) => one !== 'oom'))
      expect(samples.get(`pitchfork_worker_exits_total{reason="${reason}"}`), reason).to.equal(0);
    expect(samples.get('pitchfork_reforks_total{result="success"}')).to.equal(1);
    expect(samples.get('pitchfork_reforks_total{result="failure"}')).to.equal(0);
    expect(samples.get('pitchfork_refork_duration_seconds_sum')).to.equal(1.5);
    expect(samples.get('pitchfork_phased_restarts_total{result="failure"}')).to.equal(1);
  });

  it('shows the durations of requests as a histogram', async () => {
    const latency = emptyLatency();
    for (const seconds of [0.0005, 0.004, 0.004, 60]) observe(latency, seconds);
    const samples = parse(await metricsOf({ latency }).collect());
    const name = 'pitchfork_http_request_duration_seconds';
    expect(samples.get(`${name}_bucket{le="0.001"}`)).to.equal(1);
    expect(samples.get(`${name}_bucket{le="0.005"}`)).to.equal(3);
    expect(samples.get(`${name}_bucket{le="10"}`)).to.equal(3);
    expect(samples.get(`${name}_bucket{le="+Inf"}`)).to.equal(4);
    expect(samples.get(`${name}_count`)).to.equal(4);
    expect(samples.get(`${name}_sum`)).to.equal(latency.sumSeconds);
  });

  it('shows the descriptors of each process, and counts exhaustions', async () => {
    const metrics = metricsOf({
      descriptors: [
        { role: 'monitor', slot: null, descriptors: { open: 30, limit: 1024 } },
        { role: 'worker', slot: 1, descriptors: { open: 158, limit: 160 } },
      ],
    });
    metrics.outOfDescriptors('worker');
    const samples = parse(await metrics.collect());
    expect(samples.get('pitchfork_process_open_fds{role="monitor",slot=""}')).to.equal(30);
    expect(samples.get('pitchfork_process_open_fds{role="worker",slot="1"}')).to.equal(158);
    expect(samples.get('pitchfork_process_max_fds{role="worker",slot="1"}')).to.equal(160);
    expect(samples.get('pitchfork_out_of_descriptors_total{role="worker"}')).to.equal(1);
    expect(samples.get('pitchfork_out_of_descriptors_total{role="mold"}')).to.equal(0);
  });

  it('adds up the memory of processes that share a role and a slot', async () => {
    const memory = { rss: 40, pss: 30, private: 20, shared: 10 };
    const samples = parse(
      await metricsOf({
        memory: [
          { role: 'worker', slot: 1, memory },
          { role: 'worker', slot: 1, memory },
          { role: 'mold', slot: null, memory },
        ],
        eventLoopLag: [{ slot: 1, seconds: 0.25 }],
      }).collect(),
    );
    const name = 'pitchfork_process_memory_bytes';
    expect(samples.get(`${name}{role="worker",slot="1",kind="private"}`)).to.equal(40);
    expect(samples.get(`${name}{role="mold",slot="",kind="rss"}`)).to.equal(40);
    expect(samples.get('pitchfork_event_loop_lag_seconds{slot="1"}')).to.equal(0.25);
  });

  it('forgets the slots of workers that are gone', async () => {
    const lags = [[{ slot: 0, seconds: 1 }], []];
    const metrics = createMetrics({
      read: async () => readingWith({ eventLoopLag: lags.shift() ?? [] }),
    });
    await metrics.collect();
    expect(await metrics.collect()).not.to.include('event_loop_lag_seconds{');
  });

  it('adds the metrics of the app', async () => {
    const samples = parse(
      await metricsOf({
        app: [
          {
            name: 'orders_total',
            help: 'h',
            type: 'counter',
            aggregator: 'sum',
            series: new Map([['{kind="a \\"b\\""}', 7]]),
          },
        ],
      }).collect(),
    );
    expect(samples.get('orders_total{kind="a \\"b\\""}')).to.equal(7);
  });

  it('keeps its own metrics apart from those of the app', async () => {
    const name = 'pitchfork_generation';
    const metric = { name, help: 'h', type: 'gauge', aggregator: 'sum' } as const;
    const app = [{ ...metric, series: new Map([['', 99]]) }];
    expect(parse(await metricsOf({ app }).collect()).get(name)).to.equal(3);
  });

  it('answers scrapes at the same time with one reading', async () => {
    let readings = 0;
    const metrics = createMetrics({ read: async () => readingWith({ requests: ++readings }) });
    const [one, other] = await Promise.all([metrics.collect(), metrics.collect()]);
    expect(one).to.equal(other);
    expect(readings).to.equal(1);
    expect(parse(await metrics.collect()).get('pitchfork_requests_total')).to.equal(2);
  });
});
