// Goal: commands reach the monitor, and no client can end, delay or fill it. Method: real HTTP and
// raw bytes over the real socket.
import { once } from 'node:events';
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { UserError } from '../../../lib/base/user-error.js';
import {
  listenForControl,
  serveControl,
  type Commands,
  type Control,
} from '../../../lib/monitor/control/control.js';
import { LimitedLog } from '../../../lib/monitor/log/limited.js';
import type { Log } from '../../../lib/monitor/log/log.js';
import type { Stats } from '../../../lib/control-api/stats.js';
import { until } from '../../support/until.js';

const stats: Stats = {
  pid: 42,
  phase: 0,
  generation: 3,
  restarts: 0,
  shuttingDown: false,
  mold: null,
  workers: [],
  leaving: [],
  service: null,
  refork: { state: 'idle', lastError: null, unforkable: null, startedAt: null, finishedAt: null },
  deaths: [],
  rollback: { mold: null, endsInMs: null, automatic: false, unavailable: null },
  versions: {},
};

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
  flush: () => undefined,
  reopen: () => false,
  dropped: () => 0,
};

interface Answer {
  status: number | undefined;
  body: unknown;
}

describe('the control socket', () => {
  let directory: string;
  let path: string;
  let control: Control | undefined;
  let calls: string[];
  let commands: Commands;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pitchfork-'));
    path = join(directory, 'control.sock');
    calls = [];
    const record = (call: string) => {
      calls.push(call);
      return Promise.resolve({ ok: true as const });
    };
    commands = {
      stats: () => Promise.resolve(stats),
      backtrace: () => Promise.resolve({ pid: 1, processes: [] }),
      refork: (wait) => record(`refork ${wait}`),
      'phased-restart': (wait) => record(`phased restart ${wait}`),
      rollback: (wait) => record(`rollback ${wait}`),
      restart: () => record('hot restart'),
      stop: (wait) => record(`stop ${wait}`),
      halt: () => record('halt'),
      gc: () => record('gc'),
      'add-worker': () => record('add'),
      'remove-worker': () => record('remove'),
    };
    control = await serveControl(
      await listenForControl(path),
      commands,
      silent,
      new LimitedLog(silent),
    );
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await control?.close();
    rmSync(directory, { recursive: true });
  });

  const ask = (method: string, url: string, body = ''): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const asked = request({ socketPath: path, method, path: url }, (response) => {
        text(response).then(
          (answer) => resolve({ status: response.statusCode, body: JSON.parse(answer) as unknown }),
          reject,
        );
      });
      asked.on('error', reject).end(body);
    });

  const dial = async (): Promise<Socket> => {
    const socket = connect(path);
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };

  it('is for this user only', () => {
    expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('answers GET /stats', async () => {
    expect(await ask('GET', '/stats')).to.deep.equal({ status: 200, body: stats });
  });

  it('passes on every command, with and without waiting', async () => {
    for (const url of [
      '/refork',
      '/refork?wait=1',
      '/stop',
      '/stop?wait=1',
      '/halt',
      '/workers/add',
      '/workers/remove',
    ])
      expect(await ask('POST', url)).to.deep.equal({ status: 200, body: { ok: true } });
    expect(calls).to.deep.equal([
      'refork false',
      'refork true',
      'stop false',
      'stop true',
      'halt',
      'add',
      'remove',
    ]);
  });

  it('answers 409 when the monitor cannot do it, with the reason', async () => {
    commands.refork = () => Promise.resolve({ ok: false, error: 'no worker is fork-safe' });
    expect(await ask('POST', '/refork?wait=1')).to.deep.equal({
      status: 409,
      body: { ok: false, error: 'no worker is fork-safe' },
    });
  });

  it('answers 500 when a command throws, and continues', async () => {
    commands.halt = () => {
      throw new Error('broken');
    };
    commands.stats = () => Promise.reject(new Error('broken'));
    const failure = { status: 500, body: { ok: false, error: 'Error: broken' } };
    expect(await ask('POST', '/halt')).to.deep.equal(failure);
    expect(await ask('GET', '/stats')).to.deep.equal(failure);
    expect((await ask('POST', '/refork')).status).to.equal(200);
  });

  it('answers 405 to the wrong method and 404 to an unknown path, and does nothing', async () => {
    expect((await ask('GET', '/stop')).status).to.equal(405);
    expect((await ask('POST', '/stats')).status).to.equal(405);
    expect((await ask('DELETE', '/refork')).status).to.equal(405);
    for (const url of ['/', '/workers', '/constructor', '/__proto__', '//stop', '/stop/'])
      expect((await ask('POST', url)).status, url).to.equal(404);
    expect(calls).to.deep.equal([]);
  });

  it('survives anything that clients send', async () => {
    const garbage = [
      'x'.repeat(1024 * 1024),
      '\0'.repeat(10_000),
      'GET /stats HTTP/1.1\r\nHost: x\r\n',
      `GET /stats HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`,
      `POST /refork HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n${'z'.repeat(100_000)}`,
      'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /stats HTTP/1.1\r\nHost: x\r\nUpgrade: y\r\nConnection: upgrade\r\n\r\n',
    ];
    for (const bytes of garbage) {
      const socket = await dial();
      socket.write(bytes);
      socket.end();
      const reset = await dial();
      reset.write(bytes);
      reset.destroy();
    }
    expect(await ask('GET', '/stats')).to.deep.equal({ status: 200, body: stats });
  });

  it('does not keep more than a bounded number of clients, and lets idle ones go', async function () {
    this.timeout(30_000);
    let closed = 0;
    for (let count = 0; count < 200; count++) (await dial()).on('close', () => closed++).resume();
    await until('surplus clients to be sent away', () => closed >= 200 - 64);
    await until('idle clients to be sent away', () => closed === 200, 20_000);
    expect((await ask('GET', '/stats')).status).to.equal(200);
  });

  it('answers thousands of commands', async () => {
    for (let batch = 0; batch < 50; batch++)
      await Promise.all(Array.from({ length: 40 }, () => ask('POST', '/refork')));
    expect(calls).to.have.length(2_000);
  });

  it('reports itself to a second instance, and stays', async () => {
    const error: unknown = await listenForControl(path).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(UserError);
    expect((error as UserError).message).to.equal(
      `another pitchfork-ts already runs with control socket ${path}`,
    );
    expect((await ask('GET', '/stats')).status).to.equal(200);
  });

  it('delivers the answer to a completed command when it closes', async () => {
    commands.stop = async () => {
      setImmediate(() => void control?.close());
      return { ok: true };
    };
    expect((await ask('POST', '/stop?wait=1')).status).to.equal(200);
  });

  it('closes in time although a client waits for ever, and removes its path', async () => {
    commands.refork = () => {
      calls.push('refork');
      return new Promise(() => undefined);
    };
    const waiting = ask('POST', '/refork?wait=1').catch(() => 'cut off');
    await until('the command', () => calls.length === 1);
    const start = performance.now();
    await control?.close();
    expect(performance.now() - start).to.be.below(3_000);
    expect(await waiting).to.equal('cut off');
    expect(existsSync(path)).to.be.false;
  });

  it('removes only its own path', async () => {
    renameSync(path, `${path}.old`);
    const server = createServer().listen(path);
    await once(server, 'listening');
    await control?.close();
    expect(existsSync(path)).to.be.true;
    server.close();
  });

  it('refuses a path with something else on it', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const error: unknown = await listenForControl(file).catch((e: unknown) => e);
    expect(String(error)).to.include('a file that is not a socket is there');
  });
});
