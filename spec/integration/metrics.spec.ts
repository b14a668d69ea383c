// Goal: the metrics of a real server are correct through reforks and deaths. Method: known numbers
// of requests, and scrapes that are parsed strictly, at rest and every 100 ms while workers are
// replaced and killed.
import { get } from 'node:http';
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { processOf } from '../support/processes.js';
import { ask } from '../support/raw-connection.js';
import { parsePrometheus, type Samples } from '../support/prometheus.js';
import { fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = fixtureApp('plain.mjs');

const scrape = async (server: Server): Promise<Samples> => parsePrometheus(await server.metrics());

const requestsIn = (samples: Samples): number => samples.get('pitchfork_requests_total') ?? NaN;

async function send(server: Server, count: number, path = '/'): Promise<void> {
  for (let request = 0; request < count; request++) await server.get(path);
}

/** Counters are as recent as the last report: waits until they have reached `expected`. */
async function expectTotal(server: Server, series: string, expected: number): Promise<void> {
  let last: number | undefined;
  try {
    await until(`${series} to be ${expected}`, async () => {
      last = (await scrape(server)).get(series);
      return last === expected;
    });
  } catch {
    expect(last, series).to.equal(expected);
  }
}

/** Scrapes until stopped, and collects every counter that fell. */
function watchCounters(server: Server): { stop(): Promise<string[]> } {
  const fallen: string[] = [];
  let isOver = false;
  // Two gauges of Node's default metrics are named like counters.
  const isCounter = (series: string): boolean =>
    /^\w+_(total|count|bucket|sum)\b/.test(series) && !series.startsWith('nodejs_active_');
  const watch = async (): Promise<string[]> => {
    let last: Samples = new Map();
    while (!isOver) {
      const samples = await scrape(server);
      for (const [series, before] of last)
        if (isCounter(series) && !((samples.get(series) ?? NaN) >= before))
          fallen.push(`${series}: ${before}, then ${samples.get(series)}`);
      last = samples;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return fallen;
  };
  const watching = watch();
  return {
    stop() {
      isOver = true;
      return watching;
    },
  };
}

describe('metrics of a running server', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('are all there, in the format of Prometheus', async () => {
    server = await Server.start({ app, workers: 2 });
    await send(server, 5);
    expect((await server.refork()).body).to.include({ ok: true });
    await expectTotal(server, 'pitchfork_requests_total', 5);
    const samples = await scrape(server);
    expect(Object.fromEntries(samples)).to.include({
      'pitchfork_workers{state="serving"}': 2,
      pitchfork_generation: 1,
      pitchfork_phase: 0,
      pitchfork_requests_in_flight: 0,
      pitchfork_http_request_duration_seconds_count: 5,
      'pitchfork_http_request_duration_seconds_bucket{le="+Inf"}': 5,
      'pitchfork_reforks_total{result="success"}': 1,
      'pitchfork_reforks_total{result="failure"}': 0,
      pitchfork_refork_duration_seconds_count: 1,
      // Two at the boot, a stand-in, the canary in its place, and the other slot's.
      pitchfork_fork_duration_seconds_count: 5,
      'pitchfork_worker_exits_total{reason="asked"}': 3,
    });
    const names = [
      ...[0, 1].map((slot) => `pitchfork_event_loop_lag_seconds{slot="${slot}"}`),
      ...['rss', 'pss', 'private', 'shared'].flatMap((kind) =>
        ['role="monitor",slot=""', 'role="mold",slot=""', 'role="worker",slot="1"'].map(
          (labels) => `pitchfork_process_memory_bytes{${labels},kind="${kind}"}`,
        ),
      ),
    ];
    expect(samples).to.include.keys(...names);
    expect([...samples.values()].filter(Number.isNaN)).to.deep.equal([]);
    await server.stop();
  });

  it('count every request once, over reforks', async () => {
    server = await Server.start({ app, workers: 3 });
    for (let generation = 1; generation <= 3; generation++) {
      await send(server, 25);
      await server.refork();
    }
    await send(server, 25);
    await expectTotal(server, 'pitchfork_requests_total', 100);
    await server.stop();
  });

  it('lose only the unreported counts of a killed worker', async () => {
    server = await Server.start({ app, workers: 3 });
    await send(server, 60);
    await expectTotal(server, 'pitchfork_requests_total', 60);
    const [victim] = (await server.stats()).workers;
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    await server.logged('ended unexpectedly', { pid: victim?.pid });
    await server.settled();
    await send(server, 40);
    await expectTotal(server, 'pitchfork_requests_total', 100);
    expect((await scrape(server)).get('pitchfork_worker_exits_total{reason="signal"}')).to.equal(1);
    await server.stop();
  });

  it('never fall: through reforks, deaths, and slots that come and go', async () => {
    server = await Server.start({ app: fixtureApp('prom-client.mjs'), workers: 3 });
    await send(server, 10, '/order');
    const watching = watchCounters(server);
    const order = async (count: number): Promise<void> => {
      // A request in flight in the victim is lost with it.
      for (let request = 0; request < count; request++)
        await server.get('/order').catch(() => undefined);
    };
    for (let round = 0; round < 2; round++) {
      await Promise.all([server.refork(), order(30)]);
      const { workers } = await server.stats();
      process.kill(workers[round]?.pid ?? 0, 'SIGKILL');
      await order(20);
      server.signal('SIGTTOU');
      await until('two workers', async () => (await server.settled()).workers.length === 2);
      server.signal('SIGTTIN');
      await order(20);
      await until('three workers', async () => (await server.settled()).workers.length === 3);
    }
    expect(await watching.stop()).to.deep.equal([]);
    await server.stop();
  });

  for (const [kind, file] of [
    ['an imported', 'prom-client.mjs'],
    ['a required', 'prom-client.cjs'],
  ] as const)
    it(`add up the app's counts of ${kind} prom-client`, async () => {
      server = await Server.start({ app: fixtureApp(file), workers: 3 });
      for (let generation = 0; generation < 3; generation++) {
        if (generation > 0) await server.refork();
        await send(server, 10, '/order');
        await fromEachWorker(server, '/order');
        const sent = 13 * (generation + 1);
        await expectTotal(server, 'app_orders_total{kind="sent"}', sent);
        const samples = await scrape(server);
        expect(samples.get('app_order_size_count')).to.equal(sent);
        expect(samples.get('app_order_size_sum')).to.equal(5 * sent);
        expect(samples.get('app_order_size_bucket{le="1"}')).to.equal(0);
        expect(samples.get('app_order_size_bucket{le="10"}')).to.equal(sent);
        expect(samples.get('app_open_orders')).to.equal(3);
        expect(samples.get('app_orders_total{kind="at boot"}') ?? 0).to.equal(0);
        expect(samples.get('process_cpu_user_seconds_total')).to.be.above(0);
      }
      await server.stop();
    });

  it('go on without those of an app whose own collecting fails, and so do its workers', async () => {
    server = await Server.start({ app: fixtureApp('prom-client-broken.mjs'), workers: 2 });
    await send(server, 10);
    await expectTotal(server, 'pitchfork_requests_total', 10);
    const [complaint] = server.log("the app's metrics could not be collected");
    expect(complaint?.reason).to.match(/prom-client-broken\.mjs:\d+:\d+: Error: no database$/);
    expect((await server.refork()).body).to.include({ ok: true });
    expect(server.log('ended unexpectedly')).to.deep.equal([]);
    await server.stop();
  });

  it('do not wait for a worker that hangs', async () => {
    server = await Server.start({ app, workers: 2 });
    await send(server, 10);
    await expectTotal(server, 'pitchfork_requests_total', 10);
    const [victim] = (await server.stats()).workers;
    const pid = victim?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    await until('it to stop', () => processOf(pid)?.state === 'T');
    const started = performance.now();
    expect(requestsIn(await scrape(server))).to.equal(10);
    expect(performance.now() - started).to.be.below(1_500);
    process.kill(pid, 'SIGCONT');
    await server.stop();
  });

  it('wait for the first answer of a worker, and hold up no probe', async () => {
    server = await Server.start({ app: fixtureApp('prom-client-slow.mjs'), workers: 2 });
    let isOver = false;
    const scraping = scrape(server).finally(() => (isOver = true));
    const probe = await ask(server.metricsPort, '/healthz');
    expect({ status: probe.status, isOver }).to.deep.equal({ status: 200, isOver: false });
    const samples = await scraping;
    expect(samples.get('app_rows')).to.equal(10);
    expect(samples.get('app_ratio')).to.be.NaN;
    expect(samples.get('app_limit')).to.equal(Infinity);
    await server.stop();
  });

  it('have a live page at /', async () => {
    server = await Server.start({ app, workers: 1 });
    const read = (path: string): Promise<{ status: number; type: string; text: string }> =>
      new Promise((resolve, reject) => {
        const url = `http://127.0.0.1:${server.metricsPort}${path}`;
        get(url, { agent: false }, (response) => {
          let text = '';
          response.on('data', (part) => (text += String(part)));
          response.on('end', () => {
            const { statusCode = 0, headers } = response;
            resolve({ status: statusCode, type: headers['content-type'] ?? '', text });
          });
        }).on('error', reject);
      });
    const page = await read('/');
    expect(page.status).to.equal(200);
    expect(page.type).to.match(/^text\/html/);
    expect(page.text).to.match(/^<!doctype html>/);
    const stats = JSON.parse((await read('/stats.json')).text) as { pid: number };
    expect(stats.pid).to.equal(server.pid);
    expect((await read('/metrics')).type).to.match(/^text\/plain; version=0\.0\.4/);
    expect((await read('/nothing')).status).to.equal(404);
    await server.stop();
  });
});
