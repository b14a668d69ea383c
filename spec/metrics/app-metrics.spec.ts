// Goal: what an app counts with prom-client is summed over its workers, and survives each of them;
// nothing that a worker sends passes for anything else. Method: real registries of prom-client,
// through the JSON of the channel.
import { expect } from 'chai';
import { Counter, Gauge, Histogram, Registry, Summary, type Aggregator } from 'prom-client';
import { Pace } from '../../lib/base/pace.js';
import { AppMetrics } from '../../lib/metrics/app-metrics.js';
import { textOf } from '../../lib/metrics/app-snapshot.js';
import { snapshotOf } from '../../lib/protocol/metric-snapshot.js';
import { parsePrometheus } from '../support/prometheus.js';

const overTheWire = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** A worker's registry, as it comes over the wire. */
async function worker(fill: (registers: Registry[]) => void): Promise<unknown[]> {
  const registry = new Registry();
  fill([registry]);
  return overTheWire((await registry.getMetricsAsJSON()).map(snapshotOf));
}

const orders = (count: number, kind = 'paid') =>
  worker((registers) =>
    new Counter({ name: 'orders_total', help: 'h', labelNames: ['kind'], registers }).inc(
      { kind },
      count,
    ),
  );

const gauge = (value: number, aggregator: Aggregator = 'sum') =>
  worker((registers) => new Gauge({ name: 'level', help: 'h', aggregator, registers }).set(value));

const textFrom = async (metrics: AppMetrics): Promise<string> =>
  textOf(await metrics.collect(), new Pace());

/** Every sample, by its series; a text that Prometheus refuses throws. */
const samples = async (metrics: AppMetrics) => parsePrometheus((await textFrom(metrics)) || '\n');

const sample = async (metrics: AppMetrics, series: string): Promise<number | undefined> =>
  (await samples(metrics)).get(series);

describe('AppMetrics', () => {
  it('sum counters over the workers, label by label', async () => {
    const metrics = new AppMetrics();
    metrics.update(1, await orders(2));
    metrics.update(2, await orders(3));
    metrics.update(3, await orders(4, 'refunded'));
    expect(Object.fromEntries(await samples(metrics))).to.deep.equal({
      'orders_total{kind="paid"}': 5,
      'orders_total{kind="refunded"}': 4,
    });
  });

  it('take labels in any order, and with any text', async () => {
    const text = 'a "b"\\c\nd{e="f"}';
    const counted = (labels: Record<string, string>) =>
      worker((registers) =>
        new Counter({ name: 'n_total', help: 'h\n\\', labelNames: ['x', 'y'], registers }).inc(
          labels,
        ),
      );
    const metrics = new AppMetrics();
    metrics.update(1, await counted({ x: '1', y: text }));
    metrics.update(2, await counted({ y: text, x: '1' }));
    const lines = (await textFrom(metrics)).trim().split('\n');
    expect(lines).to.deep.equal([
      '# HELP n_total h\\n\\\\',
      '# TYPE n_total counter',
      'n_total{x="1",y="a \\"b\\"\\\\c\\nd{e=\\"f\\"}"} 2',
    ]);
  });

  it('never let a counter fall when a worker is replaced or killed', async () => {
    const metrics = new AppMetrics();
    metrics.update(1, await orders(2));
    for (let id = 1; id < 100; id++) {
      metrics.retire(id);
      expect(await sample(metrics, 'orders_total{kind="paid"}')).to.equal(id + 1);
      metrics.update(id + 1, await orders(1));
      expect(await sample(metrics, 'orders_total{kind="paid"}')).to.equal(id + 2);
    }
  });

  it('never let a sum of fractions fall, in whatever order workers leave', async () => {
    const metrics = new AppMetrics();
    const ids = Array.from({ length: 20 }, (_, id) => id);
    for (const id of ids) metrics.update(id, await orders(0.1 * (id + 1)));
    let last = (await sample(metrics, 'orders_total{kind="paid"}')) ?? 0;
    for (const id of ids.reverse()) {
      metrics.retire(id);
      const now = (await sample(metrics, 'orders_total{kind="paid"}')) ?? 0;
      expect(now).to.be.at.least(last);
      last = now;
    }
    expect(last).to.be.closeTo(21, 1e-9);
  });

  it('count a worker once, though it answers after its last report', async () => {
    const metrics = new AppMetrics();
    metrics.update(1, await orders(2));
    metrics.retire(1);
    metrics.retire(1);
    metrics.update(1, await orders(2));
    expect(await sample(metrics, 'orders_total{kind="paid"}')).to.equal(2);
  });

  it('survive a hot restart', async () => {
    const metrics = new AppMetrics();
    metrics.update(1, await orders(2));
    metrics.update(2, await orders(3));
    metrics.update(3, await gauge(Infinity));
    metrics.retire(1);
    await metrics.collect();
    const next = new AppMetrics(overTheWire(metrics.record()));
    expect(await textFrom(next)).to.equal(await textFrom(metrics));
    next.update(2, await orders(4));
    next.update(1, await orders(9));
    expect(await sample(next, 'orders_total{kind="paid"}')).to.equal(6);
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
    expect(Object.fromEntries(await samples(metrics))).to.deep.equal({
      'work_seconds_bucket{le="1"}': 1,
      'work_seconds_bucket{le="2"}': 2,
      'work_seconds_bucket{le="+Inf"}': 2,
      work_seconds_sum: 2,
      work_seconds_count: 2,
    });
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
    expect(Object.fromEntries(await samples(metrics))).to.deep.equal({
      'wait_seconds{quantile="0.5"}': 2,
      wait_seconds_sum: 104,
      wait_seconds_count: 3,
    });
  });

  it('merge the gauges of the living by their own rule, and drop those of the gone', async () => {
    const merged = { sum: 12, first: 7, min: 5, max: 7, average: 6, omit: undefined };
    for (const [rule, value] of Object.entries(merged)) {
      const metrics = new AppMetrics();
      const aggregator = rule as Aggregator;
      metrics.update(1, await gauge(100, aggregator));
      metrics.update(2, await gauge(7, aggregator));
      metrics.update(3, await gauge(5, aggregator));
      metrics.retire(1);
      expect(await sample(metrics, 'level'), rule).to.equal(value);
    }
  });

  it('keep NaN and the infinities', async () => {
    for (const [value, text] of [
      [NaN, 'NaN'],
      [Infinity, '+Inf'],
      [-Infinity, '-Inf'],
    ] as const) {
      const metrics = new AppMetrics();
      metrics.update(1, await gauge(value));
      expect(await textFrom(metrics)).to.include(`\nlevel ${text}\n`);
    }
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
    expect((await metrics.collect()).map(({ type }) => type)).to.deep.equal(['gauge']);
    expect(await sample(metrics, 'orders_total{kind="paid"}')).to.equal(9);
  });

  it('leave out what is not a metric, and names that are the monitor’s own', async () => {
    const good = {
      ...{ name: 'good', help: 'h', type: 'counter', aggregator: 'sum' },
      ...{ series: [''], values: [1] },
    };
    const metrics = new AppMetrics();
    metrics.update(1, [
      good,
      null,
      'text',
      { ...good, values: [100] },
      { ...good, name: 'bad name' },
      { ...good, name: 'bad_type', type: 'other' },
      { ...good, name: 'bad_aggregator', aggregator: 'none' },
      { ...good, name: 'bad_values', values: { length: 1 } },
      { ...good, name: 'no_number', values: [null] },
      { ...good, name: 'no_word', values: ['1e3'] },
      { ...good, name: 'no_values', values: [] },
      { ...good, name: 'pitchfork_requests_total' },
    ]);
    expect(Object.fromEntries(await samples(metrics))).to.deep.equal({ good: 1 });
  });

  it('let no series pass for another, or break the scrape', async () => {
    const series = [
      ' 1\npitchfork_generation',
      '{a="b"} 1\nother',
      '{a="b\n"}',
      '{a="b"',
      '{a="\\x"}',
      '{a="1",a="2"}',
      '{b="1",a="2"}',
      '{9="1"}',
      '{}',
      '_total',
      '_bucket{le="1"}',
    ];
    const values = series.map(() => 1);
    const metric = { name: 'm', help: 'h\n# TYPE m gauge', type: 'gauge', aggregator: 'sum' };
    const metrics = new AppMetrics();
    metrics.update(1, [{ ...metric, series: [...series, '{a="b"}'], values: [...values, 2] }]);
    expect((await textFrom(metrics)).trim().split('\n')).to.deep.equal([
      '# HELP m h\\n# TYPE m gauge',
      '# TYPE m gauge',
      'm{a="b"} 2',
    ]);
  });

  it('are the same amount of data however many workers have gone', async () => {
    const observed = () =>
      worker((registers) =>
        new Histogram({
          name: 'work_seconds',
          help: 'h',
          labelNames: ['route'],
          registers,
        }).observe({ route: '/' }, 1),
      );
    const metrics = new AppMetrics();
    for (let id = 0; id < 200; id++) {
      metrics.update(id, await observed());
      metrics.retire(id);
    }
    const { live, gone, last } = metrics.record();
    expect([live, last]).to.deep.equal([[], []]);
    expect(gone.map(({ name, series }) => [name, series.length])).to.deep.equal([
      ['work_seconds', 14],
    ]);
  });

  it('keep a bounded number of series of the gone', async () => {
    const metrics = new AppMetrics(undefined, 1_000);
    for (let id = 0; id < 12; id++) {
      const series = Array.from({ length: 100 }, (_, index) => `{url="/${id}/${index}"}`);
      const metric = { name: 'n_total', help: 'h', type: 'counter', aggregator: 'sum' };
      metrics.update(id, [{ ...metric, series, values: series.map(() => 1) }]);
      metrics.retire(id);
    }
    const [metric] = await metrics.collect();
    expect(metric?.series.size).to.equal(1_000);
    expect(metrics.dropped).to.equal(200);
  });

  it('let the event loop turn while much is merged', async () => {
    const metrics = new AppMetrics();
    const series = Array.from({ length: 50_000 }, (_, index) => `{route="/${index}"}`);
    const metric = { name: 'n_total', help: 'h', type: 'counter', aggregator: 'sum' };
    const snapshot = [{ ...metric, series, values: series.map(() => 1) }];
    for (let id = 0; id < 4; id++) metrics.update(id, snapshot);
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const text = await textFrom(metrics);
    clearInterval(timer);
    expect(text.match(/ 4$/gm)).to.have.length(50_000);
    expect(turns).to.be.above(1);
  });
});
