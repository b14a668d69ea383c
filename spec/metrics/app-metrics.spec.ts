// Goal: what an app counts with prom-client is summed over its workers, and survives each of them.
import { expect } from 'chai';
import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';
import { AppMetrics } from '../../lib/metrics/app-metrics.js';

/** A worker's registry, as it comes over the wire. */
async function worker(fill: (registers: Registry[]) => void): Promise<unknown[]> {
  const registry = new Registry();
  fill([registry]);
  return JSON.parse(JSON.stringify(await registry.getMetricsAsJSON())) as unknown[];
}

const orders = (count: number, kind = 'paid') =>
  worker((registers) =>
    new Counter({ name: 'orders_total', help: 'h', labelNames: ['kind'], registers }).inc(
      { kind },
      count,
    ),
  );

function valueOf(metrics: AppMetrics, name: string, labels: object = {}): number | undefined {
  return metrics
    .collect()
    .flatMap((metric) => metric.values.map((value) => ({ name: metric.name, ...value })))
    .find(
      (value) =>
        (value.metricName ?? value.name) === name &&
        JSON.stringify(value.labels) === JSON.stringify(labels),
    )?.value;
}

describe('AppMetrics', () => {
  it('sum counters over the workers, label by label', async () => {
    const metrics = new AppMetrics();
    metrics.update(1, await orders(2));
    metrics.update(2, await orders(3));
    metrics.update(3, await orders(4, 'refunded'));
    expect(valueOf(metrics, 'orders_total', { kind: 'paid' })).to.equal(5);
    expect(valueOf(metrics, 'orders_total', { kind: 'refunded' })).to.equal(4);
  });

  it('never let a counter fall when a worker is replaced or killed', async () => {
    const metrics = new AppMetrics();
    metrics.update(1, await orders(2));
    for (let id = 1; id < 100; id++) {
      metrics.retire(id);
      expect(valueOf(metrics, 'orders_total', { kind: 'paid' })).to.equal(id + 1);
      metrics.update(id + 1, await orders(1));
      expect(valueOf(metrics, 'orders_total', { kind: 'paid' })).to.equal(id + 2);
    }
  });

  it('keep the buckets, sum and count of a histogram', async () => {
    const observed = (seconds: number) =>
      worker((registers) =>
        new Histogram({ name: 'work_seconds', help: 'h', buckets: [1, 2], registers }).observe(
          seconds,
        ),
      );
    const metrics = new AppMetrics();
    metrics.update(1, await observed(0.5));
    metrics.retire(1);
    metrics.update(2, await observed(1.5));
    expect(valueOf(metrics, 'work_seconds_bucket', { le: 1 })).to.equal(1);
    expect(valueOf(metrics, 'work_seconds_bucket', { le: 2 })).to.equal(2);
    expect(valueOf(metrics, 'work_seconds_bucket', { le: '+Inf' })).to.equal(2);
    expect(valueOf(metrics, 'work_seconds_sum')).to.equal(2);
    expect(valueOf(metrics, 'work_seconds_count')).to.equal(2);
  });

  it('keep the sum and count of a summary, and average the quantiles of the living', async () => {
    const observed = (seconds: number) =>
      worker((registers) =>
        new Summary({ name: 'wait_seconds', help: 'h', percentiles: [0.5], registers }).observe(
          seconds,
        ),
      );
    const metrics = new AppMetrics();
    metrics.update(1, await observed(100));
    metrics.update(2, await observed(1));
    metrics.update(3, await observed(3));
    metrics.retire(1);
    expect(valueOf(metrics, 'wait_seconds', { quantile: 0.5 })).to.equal(2);
    expect(valueOf(metrics, 'wait_seconds_sum')).to.equal(104);
    expect(valueOf(metrics, 'wait_seconds_count')).to.equal(3);
  });

  it('drop the gauges of the gone', async () => {
    const connections = (count: number) =>
      worker((registers) => new Gauge({ name: 'connections', help: 'h', registers }).set(count));
    const metrics = new AppMetrics();
    metrics.update(1, await connections(5));
    metrics.update(2, await connections(7));
    metrics.retire(1);
    expect(valueOf(metrics, 'connections')).to.equal(7);
  });

  it('believe the newest code about the type of a metric', async () => {
    const metrics = new AppMetrics();
    metrics.update(1, await orders(2));
    metrics.update(
      2,
      await worker((registers) =>
        new Gauge({ name: 'orders_total', help: 'h', labelNames: ['kind'], registers }).set(
          { kind: 'paid' },
          9,
        ),
      ),
    );
    expect(metrics.collect().map(({ type }) => type)).to.deep.equal(['gauge']);
    expect(valueOf(metrics, 'orders_total', { kind: 'paid' })).to.equal(9);
  });

  it('leave out what is not a metric, and names that are the monitor’s own', async () => {
    const good = { name: 'good', help: 'h', type: 'counter', values: [{ value: 1, labels: {} }] };
    const metrics = new AppMetrics();
    metrics.update(1, [
      good,
      null,
      'text',
      { ...good, name: 'bad name' },
      { ...good, name: 'bad_type', type: 'other' },
      { ...good, name: 'bad_aggregator', aggregator: 'none' },
      { ...good, name: 'bad_values', values: { length: 1 } },
      { ...good, name: 'no_number', values: [{ value: null, labels: {} }] },
      { ...good, name: 'pitchfork_requests_total' },
    ]);
    expect(metrics.collect().map(({ name }) => name)).to.deep.equal(['good', 'no_number']);
    expect(valueOf(metrics, 'good')).to.equal(1);
    expect(valueOf(metrics, 'no_number')).to.equal(undefined);
  });
});
