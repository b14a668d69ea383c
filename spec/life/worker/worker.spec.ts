// Goal: a worker reports each step of its life, and every way out answers its clients first. Method:
// the real process on a real channel, without a monitor; its reports in order.
import { expect } from 'chai';
import { Booted, type BootOptions } from '../../support/booted.js';
import { Client } from '../../support/client.js';
import { scratch } from '../../support/scratch.js';
import { until } from '../../support/until.js';

const directory = scratch();

/** Holds the answer to /held until the file is there; never answers /never. */
const app = `import { existsSync } from 'node:fs';
export default (request, response) => {
  if (request.url.startsWith('/never')) return;
  const answer = () => response.end('answered');
  if (request.url !== '/held') return answer();
  const timer = setInterval(() => {
    if (!existsSync(new URL('./release', import.meta.url))) return;
    clearInterval(timer);
    answer();
  }, 5);
};`;

describe('a worker', () => {
  let worker: Booted;
  let client: Client;
  afterEach(async () => {
    client?.close();
    await worker.destroy();
  });

  function boot(options: Partial<BootOptions> = {}): void {
    worker = new Booted(directory, { role: 'worker', app, ...options });
    client = new Client(worker.port);
  }

  async function serve(options: Partial<BootOptions> = {}): Promise<void> {
    boot(options);
    await worker.line.report('serving');
  }

  /** Resolves when the request is in the app's hands. */
  async function hold(path: string): Promise<{ answer: Promise<{ status: number }> }> {
    const answer = client.request(path);
    answer.catch(() => undefined);
    await until('a request in flight', () =>
      worker.line.reports.some(
        (report) => report.type === 'heartbeat' && report.figures.inFlight === 1,
      ),
    );
    return { answer };
  }

  const release = (): unknown => directory.write('release', '');

  it('is born, serves its socket, and shows signs of life', async () => {
    await serve();
    expect((await client.request()).text).to.equal('answered');
    const { figures, urgent } = await worker.line.report('heartbeat');
    expect(figures.inFlight).to.equal(0);
    expect(urgent).to.equal(null);
    expect(worker.line.types()).to.deep.equal(['born', 'configured', 'serving']);
  });

  it('drains on order: it answers what is in flight, then exits with its totals', async () => {
    await serve();
    const { answer } = await hold('/held');
    worker.line.send({ type: 'drain' });
    release();
    expect((await answer).status).to.equal(200);
    const { figures, cut } = await worker.line.report('leaving');
    expect({ requests: figures.requests, cut }).to.deep.equal({ requests: 1, cut: 0 });
    expect(await worker.exit).to.deep.equal({ code: 0, signal: null });
    expect(worker.line.types()).to.deep.equal(['born', 'configured', 'serving', 'leaving']);
  });

  it('drains once, however often it is told to', async () => {
    await serve();
    worker.line.send({ type: 'drain' });
    worker.line.send({ type: 'drain' });
    worker.line.send({ type: 'promote', generation: 1 });
    await worker.exit;
    expect(worker.line.types()).to.deep.equal(['born', 'configured', 'serving', 'leaving']);
  });

  it('cuts requests that do not end within shutdownTimeout', async () => {
    await serve({ config: `shutdownTimeout: '1s',` });
    await hold('/never');
    worker.line.send({ type: 'drain' });
    expect((await worker.line.report('leaving')).cut).to.equal(1);
    expect((await worker.exit).code).to.equal(0);
  });

  it('is dismissed when it is told to drain before it serves', async () => {
    boot({ config: `afterWorkerFork: () => new Promise(() => undefined),` });
    worker.line.send({ type: 'drain' });
    await worker.line.report('dismissed');
    expect((await worker.exit).code).to.equal(0);
    expect(worker.line.types()).to.deep.equal(['born', 'configured', 'dismissed']);
  });

  it('aborts with the place of the error when its start fails', async () => {
    boot({ config: `\nafterWorkerFork() { throw new TypeError('no database'); },` });
    const { step, reason, stack } = await worker.line.report('failed');
    expect(step).to.equal('start');
    expect(reason).to.match(/^pitchfork\.conf\.mjs:2:\d+: TypeError: no database$/);
    expect(stack).to.match(/^at \S*afterWorkerFork \(pitchfork\.conf\.mjs:2:\d+\)$/);
    expect((await worker.exit).code).to.equal(1);
    expect(worker.line.types()).to.deep.equal(['born', 'configured', 'failed']);
  });

  it('reports a hook that fails while it serves, and serves on', async () => {
    await serve({ config: `afterRequestComplete() { throw new Error('no tracer'); },` });
    await client.request();
    const { text, reason } = await worker.line.report('note');
    expect(text).to.equal('hook afterRequestComplete failed');
    expect(reason).to.match(/^pitchfork\.conf\.mjs:1:\d+: Error: no tracer$/);
    expect((await client.request()).status).to.equal(200);
  });

  it('exits by itself when its monitor is gone', async () => {
    await serve();
    worker.line.close();
    expect(await worker.exit).to.deep.equal({ code: 0, signal: null });
  });

  it('names the requests in flight without their queries', async () => {
    await serve();
    await hold('/never?token=secret');
    worker.line.send({ type: 'trace' });
    const { requests } = await worker.line.report('traced');
    expect(requests.map(({ method, url }) => [method, url])).to.deep.equal([['GET', '/never']]);
  });

  describe('that is promoted', () => {
    const promote = (): void => worker.line.send({ type: 'promote', generation: 1 });

    it('drains, reports its last totals, and becomes a mold', async () => {
      await serve();
      const { answer } = await hold('/held');
      promote();
      release();
      expect((await answer).status).to.equal(200);
      expect((await worker.line.report('drained')).figures.requests).to.equal(1);
      await worker.line.report('frozen');
      worker.line.send({ type: 'retire', last: true });
      expect((await worker.exit).code).to.equal(0);
      expect(worker.line.types()).to.deep.equal([
        'born',
        'configured',
        'serving',
        'drained',
        'frozen',
      ]);
    });

    it('exits instead when it is told to drain meanwhile', async () => {
      await serve({ failpoint: 'promote.draining=sleep:500' });
      promote();
      await worker.reached('promote.draining');
      worker.line.send({ type: 'drain' });
      expect((await worker.exit).code).to.equal(0);
      expect(worker.line.types()).to.deep.equal(['born', 'configured', 'serving', 'leaving']);
    });

    it('exits when its clients take too long', async () => {
      await serve({ config: `shutdownTimeout: '1s', refork: { drainTimeout: '200ms' },` });
      await hold('/never');
      promote();
      const { step, reason } = await worker.line.report('failed');
      expect(step).to.equal('drain');
      expect(reason.replace(/\d\.\d s/, 'some time')).to.equal(
        '1 request did not end within 200 ms (GET /never, some time): ' +
          'end long responses once worker.shuttingDown is true, or raise refork.drainTimeout',
      );
      const note = await worker.line.report('note');
      expect(note.text).to.equal('cutting requests');
      expect(note.reason?.replace(/\d\.\d s/, 'some time')).to.equal(
        'GET /never, some time: did not end within 1000 ms: ' +
          'end long responses once worker.shuttingDown is true, or raise shutdownTimeout',
      );
      expect((await worker.line.report('leaving')).cut).to.equal(1);
      expect((await worker.exit).code).to.equal(0);
    });

    it('still answers its clients, then exits, when the promotion fails', async () => {
      await serve({ failpoint: 'promote.ordered=throw' });
      const { answer } = await hold('/held');
      promote();
      const { step, reason } = await worker.line.report('failed');
      expect([step, reason]).to.deep.equal(['promotion', 'Error: failpoint promote.ordered']);
      release();
      expect((await answer).status).to.equal(200);
      expect((await worker.exit).code).to.equal(0);
      expect(worker.line.types()).to.deep.equal([
        'born',
        'configured',
        'serving',
        'failed',
        'leaving',
      ]);
    });

    it('serves on when the audit refuses it', async () => {
      await serve({
        app: `import { Worker } from 'node:worker_threads';
          new Worker('setInterval(() => 0, 1000)', { eval: true });
          ${app}`,
      });
      promote();
      const { findings, leaves } = await worker.line.report('refused');
      expect(findings.map(({ subject }) => subject)).to.include('worker_threads');
      expect(leaves).to.equal(false);
      expect((await client.request()).status).to.equal(200);
      expect(worker.line.types()).to.deep.equal(['born', 'configured', 'serving', 'refused']);
    });
  });
});
