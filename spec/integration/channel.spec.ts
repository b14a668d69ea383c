// Goal: an app that has taken hold of its channel costs itself at most: not the monitor, not another
// child, not a stranger, and not the time to replace a dead worker. Method: a real app writes
// forged, broken and endless messages to its channel; the processes are watched in /proc.
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { post } from '../support/post.js';
import { descriptors, isAlive } from '../support/processes.js';
import { timeOf } from '../support/log-time.js';
import { fixtureApp, Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const app = fixtureApp('channel-writer.mjs');
const lineOf = (message: object): string => `${JSON.stringify(message)}\n`;
const finding = { version: null, severity: 'warn', found: '', breaks: '', remedy: '' };

describe('the channel of a worker', () => {
  let server: Server;
  afterEach(() => server.destroy());

  /** Sent by any worker; resolves with its pid. */
  async function write(bytes: string, path = '/write'): Promise<number> {
    const pid = await until('an answer', () => post(server.port, path, bytes));
    return pid;
  }

  /** Of the process that broke the protocol. */
  const killedFor = (pid: number, rule: string): Promise<object> =>
    until(`the kill of ${pid} for "${rule}"`, () =>
      server
        .log('killing')
        .find((line) => line.pid === pid && line.reason === `broke the protocol: ${rule}`),
    );

  it('costs the worker, whatever it writes against the protocol (P1)', async () => {
    server = await Server.start({ app });
    const rules: readonly (readonly [bytes: string, rule: string])[] = [
      ['hello\n', 'a line that is not JSON'],
      [lineOf({ type: 'overran' }), 'overran.request: expected object, received undefined'],
      [lineOf({ type: 'frozen' }), 'frozen: not while serving'],
      [
        lineOf({ type: 'forkFailed', id: 1, reason: '', stack: null }),
        'forkFailed: not from a worker',
      ],
      ['x'.repeat(2 ** 21), 'a message of more than 524288 bytes'],
    ];
    for (const [bytes, rule] of rules) {
      const pid = await write(bytes);
      await killedFor(pid, rule);
      await until('its end', () => !isAlive(pid));
    }
    const { workers } = await server.settled();
    expect(workers).to.have.length(2);
    expect(server.processes(), 'monitor, mold and workers').to.have.length(4);
    await server.stop();
  });

  it('names no process to be killed', async () => {
    server = await Server.start({ app });
    const stranger = spawn('sleep', ['1000']);
    const ended = once(stranger, 'exit');
    const forged = { type: 'born', pid: stranger.pid };
    const pid = await write(lineOf(forged));
    await killedFor(pid, 'born: not while serving');
    await until('its end', () => !isAlive(pid));
    await server.settled();
    expect(isAlive(stranger.pid ?? 0), 'the stranger').to.equal(true);
    stranger.kill('SIGKILL');
    await ended;
    await server.stop();
  });

  it('outlives the worker in a descendant, and neither a slot nor a stop waits for that', async () => {
    server = await Server.start({ app, config: `heartbeatTimeout: '1s',` });
    const pid = await write('', '/lend');
    await server.logged('killing', { pid });
    await until('its reaping', () => server.log('ended unexpectedly').find((l) => l.pid === pid));
    const { workers } = await server.settled();
    expect(workers.map((worker) => worker.pid)).to.not.include(pid);
    await write('', '/lend');
    server.signal('SIGTERM');
    expect(await withDeadline(server.exit, 20_000, 'the stop')).to.include({ code: 0 });
  });

  const flooders: Record<string, string> = {
    heartbeats: lineOf({
      type: 'heartbeat',
      figures: {
        ...{ requests: 1, inFlight: 0, eventLoopLagSeconds: 0 },
        latency: { counts: [1], sumSeconds: 1 },
      },
      urgent: null,
    }),
    notes: lineOf({ type: 'note', level: 'info', text: 'x'.repeat(100_000), stack: null }),
    metrics: lineOf({ type: 'measured', request: 1e9, metrics: [{ name: 'x'.repeat(1e6) }] }),
    declarations: lineOf({
      type: 'unsafe',
      reason: 'x',
      findings: Array.from({ length: 100 }, (_, n) => ({ ...finding, subject: `s${n}` })),
    }),
  };
  for (const [name, line] of Object.entries(flooders))
    it(`is cut off when it floods the monitor with ${name} (P2)`, async () => {
      server = await Server.start({ app });
      const flooder = await write(line, '/flood');
      const killing = await until('the kill of the flooder', () =>
        server.log('killing').find(({ pid }) => pid === flooder),
      );
      expect(killing.reason).to.match(/^broke the protocol: more than \d+ [a-z ]+ a second$/);
      await until('its end', () => !isAlive(flooder));
      const { workers } = await server.settled();
      const [worker] = workers;
      process.kill(worker?.pid ?? 0, 'SIGKILL');
      const end = await server.logged('ended unexpectedly', { pid: worker?.pid });
      const ready = await until('its successor', () =>
        server.log('ready').find((one) => one.slot === end.slot && timeOf(one) > timeOf(end)),
      );
      expect(ready.pid).to.not.equal(worker?.pid);
      expect(server.text().length, 'bytes of the log').to.be.below(10e6);
      await server.stop();
    });

  it('loses metrics that are too large, and nothing else', async () => {
    server = await Server.start({ app: fixtureApp('many-series.mjs'), workers: 1 });
    await server.get();
    const { workers } = await server.settled();
    const metrics = await server.metrics();
    expect(metrics).to.include('pitchfork_workers');
    expect(metrics).to.not.match(/^app_series/m);
    const warning = await server.logged("the app's metrics are too large and left out");
    expect(warning.reason).to.include('drop labels of many values');
    await server.metrics();
    expect((await server.stats()).workers.map(({ pid }) => pid)).to.deep.equal(
      workers.map(({ pid }) => pid),
    );
    await server.stop();
  });

  it('leaves no descriptor in the monitor', async () => {
    server = await Server.start({ app, workers: 1 });
    await server.settled();
    const count = descriptors(server.pid).size;
    for (let death = 0; death < 3; death++) {
      await killedFor(await write('broken\n'), 'a line that is not JSON');
      await until('its successor', async () => (await server.settled()).workers[0]?.ready);
    }
    await until('no more descriptors', () => descriptors(server.pid).size <= count);
    await server.stop();
  });
});
