// Goal: a newborn begins with counters at zero and gauges as they were, however the app loaded its prom-client. The app
// is a real Node process, since what counts is that process's module cache.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const appRegistry = new URL('../../../lib/fork-safety/renew/prom-client.js', import.meta.url).href;
const nativeDoor = new URL('../../../lib/system/native.js', import.meta.url).href;

const byImport = `import prom from 'prom-client';`;
const byRequire = `import { createRequire } from 'node:module';
  const prom = createRequire(import.meta.url)('prom-client');`;

/** What a program that begins with these lines prints as JSON. */
async function outputOf(program: string): Promise<unknown> {
  const text = `import * as own from '${appRegistry}';\n${program}`;
  // The working directory is where the program's imports are looked up from.
  const cwd = new URL('../..', import.meta.url);
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', text], { cwd });
  return JSON.parse(stdout);
}

describe('app-registry', () => {
  for (const [how, load] of Object.entries({ import: byImport, require: byRequire }))
    it(`finds a prom-client that was loaded by ${how}`, async () => {
      const names = await outputOf(`${load}
        new prom.Counter({ name: 'orders_total', help: 'h' }).inc(3);
        console.log(JSON.stringify((await own.snapshot()).map((metric) => metric.name)));`);
      expect(names).to.deep.equal(['orders_total']);
    });

  it('resets counters, histograms and summaries, and keeps gauges', async () => {
    const values = await outputOf(`${byImport}
      new prom.Counter({ name: 'orders_total', help: 'h' }).inc(3);
      new prom.Histogram({ name: 'work_seconds', help: 'h', buckets: [1] }).observe(3);
      new prom.Summary({ name: 'wait_seconds', help: 'h', percentiles: [] }).observe(3);
      new prom.Gauge({ name: 'app_info', help: 'h' }).set(1);
      await own.forgetInheritedCounts();
      const metrics = await own.snapshot();
      console.log(JSON.stringify(metrics.flatMap(({ name, values }) =>
        values.map((value) => [value.metricName ?? name, value.value]))));`);
    expect(values).to.deep.equal([
      ['orders_total', 0],
      ['wait_seconds_sum', 0],
      ['wait_seconds_count', 0],
      ['app_info', 1],
    ]);
  });

  it('goes on counting afterwards, through labelled children too', async () => {
    const values = await outputOf(`${byImport}
      const options = { name: 'orders_total', help: 'h', labelNames: ['kind'] };
      const paid = new prom.Counter(options).labels('paid');
      paid.inc(3);
      await own.forgetInheritedCounts();
      paid.inc(2);
      console.log(JSON.stringify((await own.snapshot())[0].values.map(({ value }) => value)));`);
    expect(values).to.deep.equal([2]);
  });

  it('mends the default metrics of a real fork, whose CPU time seems to fall', async () => {
    // The CPU time of a newborn begins at zero, whereas prom-client remembers its parent's.
    const newborn = (body: string) =>
      outputOf(`${byImport}
        import { native } from '${nativeDoor}';
        prom.collectDefaultMetrics();
        await prom.register.metrics();
        native.exitWithoutShutdown();
        setImmediate(async () => {
          const child = native.fork();
          if (child !== 0) {
            setInterval(() => native.reap([child]).length > 0 && process.exit(), 10);
            return;
          }
          ${body}
          const cpu = (await own.snapshot().catch(({ message }) => [{ name: message }]))
            .find(({ name }) => /cpu_seconds|decrease/.test(name));
          console.log(JSON.stringify(cpu.values?.[0].value < 1 || cpu.name));
          process.exit();
        });`);
    expect(await newborn('')).to.equal('It is not possible to decrease a counter');
    expect(await newborn('await own.forgetInheritedCounts();')).to.equal(true);
  });

  it('does not wait for a collect function that hangs', async () => {
    const outcome = await outputOf(`${byImport}
      new prom.Counter({ name: 'rows_total', help: 'h', collect: () => new Promise(() => {}) });
      await own.forgetInheritedCounts();
      console.log('true');`);
    expect(outcome).to.equal(true);
  });

  it('has nothing to report for an app without prom-client', async () => {
    const outcome = await outputOf(`
      await own.forgetInheritedCounts();
      console.log(JSON.stringify(await own.snapshot()));`);
    expect(outcome).to.deep.equal([]);
  });
});
