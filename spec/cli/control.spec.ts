// Goal: the control commands send the right request, interpret the answer, and exit accordingly.
// Method: the real command against a control socket with the spec's answers.
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { progressText } from '../../lib/cli/client/progress.js';
import { statusText } from '../../lib/cli/status-text.js';
import type { Stats, WorkerStats } from '../../lib/control-api/stats.js';
import { scratch } from '../support/scratch.js';
import { command, type Ended } from './command.js';

const mib = 2 ** 20;

const worker: WorkerStats = {
  slot: 0,
  pid: 11,
  generation: 1,
  phase: 0,
  state: 'serving',
  ready: true,
  ...{ deaths: 0, deathsWithinMs: null, reason: null, nextTryInMs: null },
  requests: 42,
  inFlight: 2,
  backlog: 0,
  age: 3_725,
  heartbeatAge: 0.5,
  eventLoopLag: 0,
  memory: { rss: 90 * mib, pss: 30 * mib, private: 20.5 * mib, shared: 69.5 * mib },
};

const stats: Stats = {
  pid: 1000,
  phase: 0,
  generation: 1,
  restarts: 0,
  shuttingDown: false,
  mold: { pid: 10, generation: 1, phase: 0, ready: true },
  workers: [
    worker,
    {
      ...worker,
      slot: 1,
      pid: 12,
      state: 'starting',
      ready: false,
      heartbeatAge: null,
      memory: null,
    },
  ],
  leaving: [{ ...worker, pid: 9, generation: 0, state: 'leaving' }],
  service: null,
  refork: { state: 'idle', lastError: null, unforkable: null, startedAt: null, finishedAt: null },
  deaths: [],
  rollback: { mold: null, endsInMs: null, automatic: false, unavailable: 'story' },
  versions: { node: '20' },
};

describe('a control command', () => {
  const directory = scratch();
  let server: Server;
  let asked: string[];
  let answers: Record<string, { status: number; body: string }>;

  beforeEach(async () => {
    asked = [];
    answers = { 'GET /stats': { status: 200, body: JSON.stringify(stats) } };
    server = createServer((request, response) => {
      const line = `${request.method} ${request.url}`;
      asked.push(line);
      const { status, body } = answers[line] ?? { status: 200, body: '{"ok":true}' };
      response.statusCode = status;
      if (body === 'cut') request.socket.destroy();
      else response.end(body);
    });
    server.listen(join(directory.path, 'c.sock'));
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const run = (line: string): Promise<Ended> =>
    command([...line.split(' '), '--control', 'c.sock'], { directory: directory.path });

  const rows: [string, string, string][] = [
    ['refork', 'POST /refork', 'refork: under way\n'],
    ['refork --wait', 'POST /refork?wait=1', 'refork: done\n'],
    ['stop', 'POST /stop', 'stop: under way\n'],
    ['halt', 'POST /halt', 'halt: under way\n'],
    ['gc', 'POST /gc', 'gc: done\n'],
    ['add-worker', 'POST /workers/add', 'add-worker: done\n'],
    ['remove-worker', 'POST /workers/remove', 'remove-worker: done\n'],
  ];
  for (const [line, request, output] of rows)
    it(`"${line}" sends ${request}`, async () => {
      expect(await run(line)).to.deep.equal({
        code: 0,
        signal: null,
        stdout: output,
        stderr: '',
      });
      expect(asked).to.deep.equal([request]);
    });

  it('prints the error of a refused command and ends with code 1', async () => {
    const body = JSON.stringify({ ok: false, error: 'no worker can be promoted' });
    answers['POST /refork?wait=1'] = { status: 409, body };
    expect(await run('refork --wait')).to.include({
      code: 1,
      stdout: '',
      stderr: 'pitchfork-ts: no worker can be promoted\n',
    });
  });

  it('does not take any other answer for a success', async () => {
    for (const answer of [
      { status: 500, body: 'oops' },
      { status: 200, body: 'oops' },
      { status: 200, body: '{"ok":false,"error":"no"}' },
      { status: 200, body: 'cut' },
    ]) {
      answers['POST /refork'] = answer;
      const { code, stderr } = await run('refork');
      expect(code, answer.body).to.equal(1);
      expect(stderr).to.match(/^pitchfork-ts: .+\n$/);
    }
  });

  it('"stats" prints the answer as it is', async () => {
    const { code, stdout } = await run('stats');
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.deep.equal(stats);
  });

  it('"status" prints a table', async () => {
    const { code, stdout } = await run('status');
    expect(code).to.equal(0);
    expect(stdout).to.equal(statusText(stats));
  });

  it('"stop --wait" ends when the server has exited, even if that cuts the answer', async () => {
    const monitor = await bystander();
    const exit = once(monitor, 'exit');
    answers['GET /stats'] = { status: 200, body: JSON.stringify({ ...stats, pid: monitor.pid }) };
    answers['POST /stop?wait=1'] = { status: 200, body: 'cut' };
    server.on('request', (request) => {
      if (request.method === 'POST') monitor.kill();
    });
    const ended = await run('stop --wait').finally(() => monitor.kill('SIGKILL'));
    expect(ended).to.include({ code: 0, stdout: 'stop: done\n', stderr: '' });
    expect(await exit).to.deep.equal([null, 'SIGTERM']);
  });

  it('does not load a configuration when the socket is given', async () => {
    directory.write('broken.ts', 'throw 1;');
    expect(await run('stats -c broken.ts')).to.include({ code: 0, stderr: '' });
  });

  it('finds the socket by its configuration', async () => {
    directory.write('app.mjs', '');
    directory.write('pitchfork.conf.mjs', `export default { app: 'app.mjs', control: 'c.sock' };`);
    const { code } = await command(['refork'], { directory: directory.path });
    expect(code).to.equal(0);
  });

  it('reports a missing server', async () => {
    const { path } = directory;
    directory.write('file.sock', '');
    for (const name of ['none.sock', 'file.sock'])
      expect(await command(['stats', '--control', name], { directory: path })).to.include({
        code: 1,
        stderr:
          `pitchfork-ts: no server answers at ${path}/${name}: is it running, and with this ` +
          'config? (--control names another socket)\n',
      });
  });
});

describe('progressText', () => {
  it('counts the slots that have been rolled over', () => {
    const rolling = { ...stats, refork: { ...stats.refork, state: 'rolling' } };
    expect(progressText(rolling)).to.equal(
      'rolling out: 1 of 2 workers are of phase 0, generation 1, 1 drain',
    );
  });

  it('is the word for any other step', () => {
    expect(progressText(stats)).to.equal('idle');
  });
});

describe('statusText', () => {
  it('has the service worker among them', () => {
    const { slot, requests, inFlight, backlog, ...vitals } = worker;
    const service = { ...vitals, pid: 13 };
    const [line] = statusText({ ...stats, service }).match(/^service.*$/m) ?? [];
    expect(line?.split(/ {2,}/)).to.deep.equal([
      'service',
      '13',
      '1',
      '0',
      'running',
      '-',
      '-',
      '20.5M',
      '69.5M',
      '0.5s',
      '1h2m',
    ]);
    expect([slot, requests, inFlight, backlog]).to.deep.equal([0, 42, 2, 0]);
  });

  it('has a line for each process', () => {
    expect(statusText(stats).split('\n')).to.deep.equal([
      'monitor 1000, generation 1, phase 0, idle',
      '',
      'slot  pid  generation  phase  state     requests  in flight  private  shared  heartbeat  age',
      'mold  10   1           0      frozen',
      '0     11   1           0      serving   42        2          20.5M    69.5M   0.5s       1h2m',
      '1     12   1           0      starting  42        2          -        -       -          1h2m',
      '0     9    0           0      leaving   42        2          20.5M    69.5M   0.5s       1h2m',
      '',
    ]);
  });

  const down: WorkerStats = {
    ...worker,
    ...{ pid: null, state: 'down', ready: false, age: null, heartbeatAge: null, memory: null },
    ...{ deaths: 8, deathsWithinMs: 19_400, reason: 'exit code 1', nextTryInMs: 6_200 },
  };
  const recovering = { ...stats.refork, state: 'recovering' };

  it('has a row for a slot that is down, with reason, deaths and next try', () => {
    const text = statusText({ ...stats, workers: [worker, { ...down, slot: 1 }], leaving: [] });
    expect(text.split('\n').slice(3, 6)).to.deep.equal([
      'mold  10   1           0      frozen',
      '0     11   1           0      serving  42        2          20.5M    69.5M   0.5s       1h2m',
      '1     -    1           0      down: exit code 1, 8 deaths in 20s, next try in 7s',
    ]);
  });

  it('has a row for the mold that is kept for a rollback, with its memory', () => {
    const { memory } = worker;
    const mold = { pid: 8, generation: 2, phase: 0, ready: true, memory };
    const lines = (endsInMs: number | null): string[] =>
      statusText({
        ...stats,
        rollback: { mold, endsInMs, automatic: true, unavailable: null },
      }).split('\n');
    expect(lines(41_500)[4]).to.match(/^old mold +8 +2 +0 +kept 42s +- +- +20\.5M +69\.5M$/);
    expect(lines(null)[4]).to.match(/^old mold +8 +2 +0 +kept +- +- +20\.5M +69\.5M$/);
  });

  it('says in its headline that slots are down, and whether any worker serves', () => {
    const headline = (workers: WorkerStats[], refork = recovering): string | undefined =>
      statusText({ ...stats, workers, refork })
        .split('\n')[0]
        ?.replace(/^.*phase 0, /, '');
    expect(headline([worker, down])).to.equal('1 of 2 slots is down');
    expect(headline([down, down])).to.equal('no worker serves: 2 of 2 slots are down');
    expect(headline([down, down], { ...recovering, state: 'canary' })).to.equal(
      'no worker serves: 2 of 2 slots are down, canary',
    );
  });

  it('gives the reason of the last failed refork', () => {
    const refork = { ...stats.refork, lastError: 'the mold died' };
    expect(statusText({ ...stats, refork, mold: null })).to.include(
      'the last rollout failed: the mold died\n',
    );
  });
});

/** A process that lives until it is killed, for a minute at most. */
async function bystander(): Promise<ChildProcess> {
  const script = 'console.log("ready"); setTimeout(() => {}, 60_000);';
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}
